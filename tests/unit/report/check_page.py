"""Opens report pages in headless Chromium and checks what only a browser can tell.

Usage: check_page.py LABELLED.html UNLABELLED.html
Exit 0 if all holds; 77 where there is no Chromium.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "scripts"))
import browser  # noqa: E402


def demand(holds, what):
    if not holds:
        sys.exit("not so: " + what)


def figures(page):
    return page.run("[...document.querySelectorAll('figure[data-kind]')].map((f) => f.id)")


def check_figures(page):
    names = figures(page)
    demand(len(names) >= 2, "the page has figures")
    for name in names:
        marks = page.run(f"document.querySelectorAll('#{name} .plot svg path').length")
        demand(marks > 3, f"figure {name} is drawn")
        svg = page.run(f"firstlight.svg('{name}')")
        root = ElementTree.fromstring(svg)
        demand(root.tag.endswith("}svg") and len(list(root.iter())) > 10, f"{name}.svg is a drawing")
        demand("NaN" not in svg, f"{name}.svg has no broken coordinates")
        size = page.run(f"""firstlight.png('{name}').then(async (blob) => {{
            const picture = await createImageBitmap(blob);
            return [picture.width, picture.height, blob.type];
        }})""")
        demand(size[2] == "image/png" and abs(size[0] - 2 * float(root.get("width"))) <= 1,
               f"{name}.png has twice the size of the drawing, not {size}")
    return names


def check_width(page, path):
    for width in (360, 768, 1280):
        page.resize(width, 800)
        page.open(path)
        wide = page.run("document.documentElement.scrollWidth")
        demand(wide <= width, f"nothing is wider than a window of {width} pixels, but {wide}")


def check_gallery(page):
    shown = page.run("document.querySelectorAll('#gallery .card').length")
    demand(shown > 4, "the gallery shows cards")
    demand(page.run("document.querySelectorAll('#gallery .card[tabindex=\"0\"]').length") == 1,
           "one card is in the order of the Tab key")
    page.run("document.querySelector('#gallery .card[tabindex=\"0\"]').focus()")
    page.run("""window.labels = [...document.querySelectorAll('#gallery .card')].slice(0, 2)
        .map((card) => card.getAttribute('aria-label'))""")
    focus = "document.activeElement.getAttribute('aria-label')"
    is_open = "document.getElementById('viewer').open"
    title = "document.getElementById('viewer-title').textContent"
    demand(page.until(f"{focus} === labels[0]"), "the first card can have the focus")
    page.press("ArrowRight")
    demand(page.until(f"{focus} === labels[1]"), "an arrow key moves to the next card")
    page.press("Enter")
    demand(page.until(is_open), "Enter opens the card")
    demand(page.until(f"labels[1].startsWith({title})"), "the viewer shows that card")
    page.press("ArrowLeft")
    demand(page.until(f"labels[0].startsWith({title})"), "an arrow key moves on in the viewer")
    page.press("Escape")
    demand(page.until("!" + is_open), "Escape closes the viewer")
    demand(page.until(f"{focus} === labels[0]"), "the card that was shown last has the focus")


def check_filters(page):
    page.run("document.querySelector('input[name=\"outcome\"][value=\"wrong\"]').click()")
    demand(page.run("document.querySelectorAll('#gallery .is-right').length") == 0
           and page.run("document.querySelectorAll('#gallery .is-wrong').length") > 0,
           "the filter leaves wrong samples only")
    shares = page.run("""[...document.querySelector('#gallery .cards').querySelectorAll('.share')]
        .map((e) => parseFloat(e.textContent))""")
    demand(shares == sorted(shares, reverse=True), "the most confident errors come first")


def check_orientation(page):
    # What stands at the left of the first matrix is the name of its y axis.
    words = "[...document.querySelectorAll('#matrix-1-count svg text')].map((t) => t.textContent)"
    before = page.run(words)
    page.run("document.querySelector('input[name=\"orientation\"][value=\"truth-y\"]').click()")
    after = page.run(words)
    demand("True class" in before and "Predicted class" in before, "the axes have names")
    demand(before != after, "the orientation of the matrices can be changed")


def check_theme(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    page.run(f"window.light = {ground}")
    page.run("document.querySelector('input[name=\"theme\"][value=\"dark\"]').click()")
    demand(page.until(f"{ground} !== light"), "the page can be dark")
    page.run("document.querySelector('input[name=\"theme\"][value=\"auto\"]').click()")
    demand(page.until(f"{ground} === light"), "and follow the system again")
    page.set_dark(True)
    demand(page.until(f"{ground} !== light"), "the page follows a dark system")
    page.set_dark(False)


def main():
    if browser.find() is None:
        print("no Chromium here")
        sys.exit(77)
    labelled, unlabelled = sys.argv[1:]
    with browser.Browser() as page:
        page.open(labelled)
        names = check_figures(page)
        demand({"matrix-1-count", "matrix-1-recall", "matrix-1-precision", "roc", "reliability",
                "confidence-histogram", "against-1-efficiency", "against-2-purity",
                "reliability-calibrated"} <= set(names), "every figure is there")
        check_gallery(page)
        check_filters(page)
        check_orientation(page)
        check_theme(page)
        check_width(page, labelled)
        page.open(unlabelled)
        check_figures(page)
        check_gallery(page)
        check_width(page, unlabelled)
        demand(not page.errors, "the console is silent: " + "; ".join(page.errors))
        outside = [u for u in page.requests if not u.startswith(("file:", "data:", "blob:", "about:"))]
        demand(not outside, f"nothing is fetched: {outside}")
    print("both pages are sound")


main()

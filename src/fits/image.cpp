#include <algorithm>
#include <limits>
#include <new>
#include <set>

#include "firstlight/fits/fits.h"
#include "keywords.h"
#include "structure.h"

namespace firstlight::fits {
namespace {

struct Shape {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  std::uint64_t bands = 0;
};

/// Trailing axes of length 1 left out; all 0 where the HDU holds no image of two or three axes.
Shape shape_of(const Hdu& hdu) {
  std::size_t axes = hdu.axes.size();
  while (axes > 2 && hdu.axes[axes - 1] == 1) --axes;
  if (axes < 2 || axes > 3) return {};
  const Shape shape{hdu.axes[0], hdu.axes[1], axes == 3 ? hdu.axes[2] : 1};
  return shape.width == 0 || shape.height == 0 || shape.bands == 0 ? Shape{} : shape;
}

void check_shape(const Shape& shape, const std::string& where, const PixelLimits& limits) {
  const auto most = static_cast<std::uint64_t>(limits.max_pixels);
  const auto side = static_cast<std::uint64_t>(limits.max_side);
  if (shape.width <= side && shape.height <= side && shape.width * shape.height <= most &&
      shape.bands <= 4 * most / (shape.width * shape.height)) {
    return;
  }
  throw Error::input(where, "the image is too large: " + std::to_string(shape.width) + " x " +
                                std::to_string(shape.height) + " pixels in " +
                                std::to_string(shape.bands) + " planes; the limits are " +
                                std::to_string(limits.max_side) + " a side and " +
                                std::to_string(limits.max_pixels) + " in a plane");
}

void check_complete(const InputFile& file, const Hdu& hdu, const std::string& where) {
  const std::uint64_t end = hdu.data_offset + (hdu.data_bytes + 2879) / 2880 * 2880;
  if (end > file.size()) {
    throw Error::input(where, "the file is truncated: " + std::to_string(file.size()) +
                                  " bytes, the header promises " + std::to_string(end));
  }
}

/// Makes `number` cfitsio's current HDU.
void go_to(fitsfile* fits, const std::string& where, int number) {
  int status = 0, type = 0;
  fits_movabs_hdu(fits, number + 1, &type, &status);
  if (status != 0) throw Error::input(where, "cannot be read: " + explain(status));
}

Raster read_pixels(fitsfile* fits, const Shape& shape, const std::string& where) {
  Raster raster{static_cast<int>(shape.width),
                static_cast<int>(shape.height),
                static_cast<int>(shape.bands),
                {}};
  raster.values.resize(shape.width * shape.height * shape.bands);
  float blank = std::numeric_limits<float>::quiet_NaN();
  int status = 0, any_blank = 0;
  fits_read_img(fits, TFLOAT, 1, static_cast<LONGLONG>(raster.values.size()), &blank,
                raster.values.data(), &any_blank, &status);
  if (status != 0) throw Error::input(where, "pixels cannot be read: " + explain(status));
  for (int band = 0; band < raster.bands; ++band) {
    float* plane = raster.plane(band);
    for (int y = 0; y < raster.height / 2; ++y) {
      float* top = plane + static_cast<std::size_t>(y) * raster.width;
      float* bottom = plane + static_cast<std::size_t>(raster.height - 1 - y) * raster.width;
      std::swap_ranges(top, top + raster.width, bottom);
    }
  }
  return raster;
}

/// Adds what a primary HDU without pixels of its own says about the whole file.
void add_primary(fitsfile* fits, const std::string& path, Keywords& keywords) {
  const std::string where = place(path, 0);
  go_to(fits, where, 0);
  std::set<std::string> names;
  for (const auto& keyword : keywords) names.insert(keyword.name);
  for (auto& keyword : read_keywords(fits, where)) {
    if (names.insert(keyword.name).second) keywords.push_back(std::move(keyword));
  }
}

FitsImage read_image(const std::string& path, std::optional<int> wanted,
                     const PixelLimits& limits) {
  InputFile file(path, limits);
  Structure structure(file);
  Hdu hdu;
  bool bare_primary = false;
  while (true) {
    if (!structure.next(hdu)) {
      if (!wanted) throw Error::input(path, "no HDU holds an image of two or three axes");
      throw Error::input(path, "there is no HDU " + std::to_string(*wanted), "HDUs count from 0");
    }
    const bool image = shape_of(hdu).width != 0;
    if (wanted ? hdu.number == *wanted : image) break;
    if (hdu.number == 0) bare_primary = !image;
  }
  const std::string where = place(path, hdu.number);
  const Shape shape = shape_of(hdu);
  if (shape.width == 0) throw Error::input(where, "holds no image of two or three axes");
  check_shape(shape, where, limits);
  check_complete(file, hdu, where);
  if (hdu.compressed) check_tiles(file, hdu);
  const Exclusive exclusive;
  fitsfile* fits = file.open();
  go_to(fits, where, hdu.number);
  FitsImage image;
  image.raster = read_pixels(fits, shape, where);
  image.keywords = read_keywords(fits, where);
  if (bare_primary) add_primary(fits, path, image.keywords);
  return image;
}

std::vector<FitsImageInfo> list_images(const std::string& path) {
  const InputFile file(path, {});
  Structure structure(file);
  std::vector<FitsImageInfo> images;
  for (Hdu hdu; structure.next(hdu);) {
    if (shape_of(hdu).width == 0) continue;
    FitsImageInfo info{hdu.number, ""};
    for (const char* name : {"EXTNAME", "FILTER", "BAND"}) {
      if (info.name.empty() && hdu.values.contains(name)) info.name = hdu.values[name];
    }
    images.push_back(std::move(info));
  }
  return images;
}

}  // namespace

Result<FitsImage> read_fits_image(const std::string& path, std::optional<int> hdu,
                                  const PixelLimits& limits) {
  try {
    return read_image(path, hdu, limits);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::input(path, "not enough memory to read the image");
  }
}

Result<std::vector<FitsImageInfo>> list_fits_images(const std::string& path) {
  try {
    return list_images(path);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::input(path, "not enough memory to read the headers");
  }
}

}  // namespace firstlight::fits

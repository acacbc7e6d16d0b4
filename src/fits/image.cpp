#include <algorithm>
#include <limits>
#include <new>
#include <set>

#include "firstlight/base/text.h"
#include "firstlight/fits/fits.h"
#include "keywords.h"
#include "open.h"

namespace firstlight::fits {
namespace {

/// Axes beyond this many are no image of ours; a header may claim 999.
constexpr int kMaxAxes = 8;

struct Shape {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  std::uint64_t bands = 0;
};

std::string place(const std::string& path, int hdu) {
  return path + " (HDU " + std::to_string(hdu) + ")";
}

/// Moves there; false where the file has no such HDU. Throws where the header is damaged.
bool go_to(const InputFile& file, const std::string& path, int hdu, int& type) {
  int status = 0;
  fits_movabs_hdu(file.get(), hdu + 1, &type, &status);
  if (status == END_OF_FILE || status == BAD_HDU_NUM) {
    fits_clear_errmsg();
    return false;
  }
  if (status != 0) {
    throw Error::input(place(path, hdu),
                       "the header cannot be read, truncated or damaged: " + explain(status));
  }
  return true;
}

/// Width, height and bands of the current HDU, trailing axes of length 1 left out; all 0 where it
/// holds no image of two or three axes.
Shape shape_of(const InputFile& file, const std::string& where, int type) {
  if (type != IMAGE_HDU) return {};
  int status = 0, axes = 0;
  LONGLONG lengths[kMaxAxes] = {};
  fits_get_img_dim(file.get(), &axes, &status);
  fits_get_img_sizell(file.get(), kMaxAxes, lengths, &status);
  if (status != 0) throw Error::input(where, "the header is damaged: " + explain(status));
  if (axes > kMaxAxes) return {};
  while (axes > 2 && lengths[axes - 1] == 1) --axes;
  if (axes < 2 || axes > 3) return {};
  const auto positive = [](LONGLONG n) { return static_cast<std::uint64_t>(std::max(n, 0LL)); };
  const Shape shape{positive(lengths[0]), positive(lengths[1]),
                    axes == 3 ? positive(lengths[2]) : 1};
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

void check_complete(const InputFile& file, const std::string& where) {
  int status = 0;
  LONGLONG header = 0, data = 0, end = 0;
  fits_get_hduaddrll(file.get(), &header, &data, &end, &status);
  if (status != 0) throw Error::input(where, "the header is damaged: " + explain(status));
  if (end > 0 && static_cast<std::uint64_t>(end) > file.size()) {
    throw Error::input(where, "the file is truncated: " + std::to_string(file.size()) +
                                  " bytes, the header promises " + std::to_string(end));
  }
}

Raster read_pixels(const InputFile& file, const Shape& shape, const std::string& where) {
  Raster raster{static_cast<int>(shape.width),
                static_cast<int>(shape.height),
                static_cast<int>(shape.bands),
                {}};
  raster.values.resize(shape.width * shape.height * shape.bands);
  float blank = std::numeric_limits<float>::quiet_NaN();
  int status = 0, any_blank = 0;
  fits_read_img(file.get(), TFLOAT, 1, static_cast<LONGLONG>(raster.values.size()), &blank,
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

/// The keywords of the HDU, and those of a primary HDU without pixels of its own, which describes
/// the whole file.
Keywords collect_keywords(const InputFile& file, const std::string& path, int hdu) {
  Keywords keywords = read_keywords(file.get(), place(path, hdu));
  if (hdu == 0) return keywords;
  int type = 0;
  if (!go_to(file, path, 0, type) || shape_of(file, place(path, 0), type).width != 0) {
    return keywords;
  }
  std::set<std::string> names;
  for (const auto& keyword : keywords) names.insert(keyword.name);
  for (auto& keyword : read_keywords(file.get(), place(path, 0))) {
    if (names.insert(keyword.name).second) keywords.push_back(std::move(keyword));
  }
  return keywords;
}

FitsImage read_image(const std::string& path, std::optional<int> hdu, const PixelLimits& limits) {
  const InputFile file(path, limits);
  int type = 0, number = hdu.value_or(0);
  Shape shape;
  if (hdu) {
    if (*hdu < 0 || !go_to(file, path, *hdu, type)) {
      throw Error::input(path, "there is no HDU " + std::to_string(*hdu), "HDUs count from 0");
    }
    shape = shape_of(file, place(path, *hdu), type);
    if (shape.width == 0) {
      throw Error::input(place(path, *hdu), "holds no image of two or three axes");
    }
  } else {
    for (; shape.width == 0; ++number) {
      if (!go_to(file, path, number, type)) {
        throw Error::input(path, "no HDU holds an image of two or three axes");
      }
      shape = shape_of(file, place(path, number), type);
    }
    --number;
  }
  const std::string where = place(path, number);
  check_shape(shape, where, limits);
  check_complete(file, where);
  FitsImage image;
  image.raster = read_pixels(file, shape, where);
  image.keywords = collect_keywords(file, path, number);
  return image;
}

}  // namespace

Result<FitsImage> read_fits_image(const std::string& path, std::optional<int> hdu,
                                  const PixelLimits& limits) {
  const Exclusive exclusive;
  try {
    return read_image(path, hdu, limits);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::input(path, "not enough memory to read the image");
  }
}

Result<std::vector<FitsImageInfo>> list_fits_images(const std::string& path) {
  const Exclusive exclusive;
  try {
    const InputFile file(path, {});
    std::vector<FitsImageInfo> images;
    int type = 0;
    for (int hdu = 0; go_to(file, path, hdu, type); ++hdu) {
      if (shape_of(file, place(path, hdu), type).width == 0) continue;
      FitsImageInfo info{hdu, ""};
      const Keywords keywords = read_keywords(file.get(), place(path, hdu));
      for (const char* name : {"EXTNAME", "FILTER", "BAND"}) {
        for (const auto& keyword : keywords) {
          if (info.name.empty() && keyword.name == name) info.name = to_text(keyword.value);
        }
      }
      images.push_back(std::move(info));
    }
    return images;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::input(path, "not enough memory to read the headers");
  }
}

}  // namespace firstlight::fits

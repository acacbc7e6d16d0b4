#include "hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

std::mutex library_mutex;

/// Room for some chunks of a compressed image stack, which span several samples; the library's own
/// 1 MB would decompress a larger chunk again for every sample. The slots are a prime number of
/// some hundred times the chunks that fit, as its manual asks.
constexpr std::size_t kCacheBytes = 32 << 20;
constexpr std::size_t kCacheSlots = 10007;
/// Deflate shrinks at most 1032 : 1; a list that would grow more than that is not in the file.
constexpr std::uint64_t kMaxExpansion = 1100;

/// Holds the lock and silences the library's error printing while it lives.
class Session {
 public:
  Session() : lock_(library_mutex) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &client_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5Eclear2(H5E_DEFAULT);
  }
  ~Session() { H5Eset_auto2(H5E_DEFAULT, print_, client_data_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* client_data_ = nullptr;
};

/// An identifier that is closed at the end of its scope.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }  // NOLINT: stands for the identifier

 private:
  hid_t id_;
  Close close_;
};

/// The description of the innermost error on the library's stack.
std::string library_cause() {
  std::string cause;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
        if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &cause);
  return cause.empty() ? "damaged file" : cause;
}

Hdf5Dataset::Kind kind_of(hid_t type) {
  using Kind = Hdf5Dataset::Kind;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE ? Kind::kUint8
                                                                         : Kind::kInteger;
    case H5T_FLOAT:
      return Kind::kFloat;
    case H5T_STRING:
      return Kind::kText;
    // h5py writes booleans as the enumeration FALSE = 0, TRUE = 1.
    case H5T_ENUM:
      return H5Tget_size(type) == 1 ? Kind::kBool : Kind::kOther;
    default:
      return Kind::kOther;
  }
}

/// What `dataset` is; kOther where it must not or cannot be read.
Hdf5Dataset describe(hid_t dataset, const std::string& name) {
  Hdf5Dataset result;
  result.name = name;
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (space < 0 || type < 0 || creation < 0) return result;
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > H5S_MAX_RANK) return result;
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space, shape.data(), nullptr) < 0) return result;
  result.shape.assign(shape.begin(), shape.end());
  const H5D_layout_t layout = H5Pget_layout(creation);
  const bool inside = layout == H5D_COMPACT || layout == H5D_CHUNKED ||
                      (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0);
  if (inside) result.kind = kind_of(type);
  result.element_bytes = H5Tget_size(type);
  result.stored_bytes = H5Dget_storage_size(dataset);
  return result;
}

}  // namespace

struct Hdf5File::Impl {
  std::string path;
  hid_t file = -1;
  std::vector<Hdf5Dataset> datasets;
  /// Kept open, since the library's cache of decompressed chunks lives as long as its dataset.
  std::map<std::string, std::unique_ptr<Handle>> open;

  hid_t opened(const Hdf5Dataset& dataset) {
    auto& handle = open[dataset.name];
    if (!handle) {
      const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
      H5Pset_chunk_cache(access, kCacheSlots, kCacheBytes, H5D_CHUNK_CACHE_W0_DEFAULT);
      handle = std::make_unique<Handle>(H5Dopen2(file, dataset.name.c_str(), access), H5Dclose);
    }
    if (*handle < 0) throw failed(dataset, library_cause());
    return *handle;
  }

  Error failed(const Hdf5Dataset& dataset, const std::string& cause) const {
    return Error::input(path + ":" + dataset.name, "cannot be read: " + cause);
  }

  /// Reads element `index` of the first axis as `memory_type` into `out`, sized by the caller.
  void read_element(const Hdf5Dataset& dataset, std::uint64_t index, hid_t memory_type, void* out) {
    const hid_t id = opened(dataset);
    const Handle space(H5Dget_space(id), H5Sclose);
    std::vector<hsize_t> start(dataset.shape.size(), 0);
    std::vector<hsize_t> count(dataset.shape.begin(), dataset.shape.end());
    start[0] = index;
    count[0] = 1;
    const Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                        H5Sclose);
    if (space < 0 || memory < 0 ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) <
            0 ||
        H5Dread(id, memory_type, memory, space, H5P_DEFAULT, out) < 0) {
      throw failed(dataset, library_cause());
    }
  }

  template <typename T>
  std::vector<MetadataValue> read_numbers(const Hdf5Dataset& dataset, hid_t id,
                                          hid_t memory_type) const {
    std::vector<T> values(dataset.shape[0]);
    if (H5Dread(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
      throw failed(dataset, library_cause());
    }
    return std::vector<MetadataValue>(values.begin(), values.end());
  }

  std::vector<MetadataValue> read_bools(const Hdf5Dataset& dataset, hid_t id, hid_t type) const {
    std::vector<std::uint8_t> values(dataset.shape[0]);
    if (H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
      throw failed(dataset, library_cause());
    }
    std::vector<MetadataValue> out;
    for (const std::uint8_t value : values) out.emplace_back(value != 0);
    return out;
  }

  std::vector<MetadataValue> read_texts(const Hdf5Dataset& dataset, hid_t id, hid_t type) const {
    const std::size_t n = dataset.shape[0];
    std::vector<MetadataValue> out;
    out.reserve(n);
    if (H5Tis_variable_str(type) > 0) {
      const Handle memory(H5Tcopy(type), H5Tclose);
      const Handle space(H5Dget_space(id), H5Sclose);
      std::vector<char*> values(n, nullptr);
      const bool read = H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
      const std::string cause = read ? "" : library_cause();
      if (read) {
        for (const char* value : values) out.emplace_back(std::string(value ? value : ""));
      }
      H5Dvlen_reclaim(memory, space, H5P_DEFAULT, values.data());
      if (!read) throw failed(dataset, cause);
      return out;
    }
    const std::size_t size = H5Tget_size(type);
    if (size == 0 || size > 4096) throw failed(dataset, "texts of unlikely length");
    std::vector<char> values(n * size);
    if (H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
      throw failed(dataset, library_cause());
    }
    for (std::size_t i = 0; i < n; ++i) {
      const char* begin = values.data() + i * size;
      const char* end = std::find(begin, begin + size, '\0');
      if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) {
        while (end != begin && end[-1] == ' ') --end;
      }
      out.emplace_back(std::string(begin, end));
    }
    return out;
  }
};

Hdf5File::Hdf5File(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  std::error_code status;
  if (!std::filesystem::is_regular_file(path, status)) {
    throw Error::input(
        path, std::filesystem::exists(path, status) ? "is not a regular file" : "does not exist");
  }
  const Session session;
  if (H5Fis_hdf5(path.c_str()) <= 0) throw Error::input(path, "is not an HDF5 file");
  impl_->file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (impl_->file < 0) throw Error::input(path, "cannot be opened: " + library_cause());
  std::vector<std::string> names;
  // H5Ovisit follows hard links only.
  const herr_t visited = H5Ovisit2(
      impl_->file, H5_INDEX_NAME, H5_ITER_NATIVE,
      [](hid_t, const char* name, const H5O_info_t* info, void* out) -> herr_t {
        if (info->type == H5O_TYPE_DATASET) {
          static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        }
        return 0;
      },
      &names, H5O_INFO_BASIC);
  if (visited < 0) {
    const std::string cause = library_cause();
    H5Fclose(impl_->file);
    throw Error::input(path, "cannot be listed: " + cause);
  }
  std::sort(names.begin(), names.end(), text::natural_less);
  for (const std::string& name : names) {
    const Handle dataset(H5Dopen2(impl_->file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (dataset >= 0) impl_->datasets.push_back(describe(dataset, name));
  }
}

Hdf5File::~Hdf5File() {
  const Session session;
  impl_->open.clear();
  H5Fclose(impl_->file);
}

const std::string& Hdf5File::path() const { return impl_->path; }

const std::vector<Hdf5Dataset>& Hdf5File::datasets() const { return impl_->datasets; }

std::vector<std::uint8_t> Hdf5File::read_bytes(const Hdf5Dataset& dataset,
                                               std::uint64_t index) const {
  const Session session;
  std::size_t size = 1;
  for (std::size_t i = 1; i < dataset.shape.size(); ++i) size *= dataset.shape[i];
  std::vector<std::uint8_t> values(size);
  impl_->read_element(dataset, index, H5T_NATIVE_UINT8, values.data());
  return values;
}

std::vector<float> Hdf5File::read_floats(const Hdf5Dataset& dataset, std::uint64_t index) const {
  const Session session;
  std::size_t size = 1;
  for (std::size_t i = 1; i < dataset.shape.size(); ++i) size *= dataset.shape[i];
  std::vector<float> values(size);
  impl_->read_element(dataset, index, H5T_NATIVE_FLOAT, values.data());
  return values;
}

std::vector<MetadataValue> Hdf5File::read_list(const Hdf5Dataset& dataset) const {
  const Session session;
  if (dataset.shape.empty() || dataset.element_bytes == 0 ||
      dataset.shape[0] > dataset.stored_bytes * kMaxExpansion / dataset.element_bytes) {
    throw impl_->failed(dataset, "its length and the bytes stored do not agree");
  }
  const Handle id(H5Dopen2(impl_->file, dataset.name.c_str(), H5P_DEFAULT), H5Dclose);
  if (id < 0) throw impl_->failed(dataset, library_cause());
  const Handle type(H5Dget_type(id), H5Tclose);
  using Kind = Hdf5Dataset::Kind;
  switch (dataset.kind) {
    case Kind::kUint8:
    case Kind::kInteger:
      return impl_->read_numbers<std::int64_t>(dataset, id, H5T_NATIVE_INT64);
    case Kind::kFloat:
      return impl_->read_numbers<double>(dataset, id, H5T_NATIVE_DOUBLE);
    case Kind::kText:
      return impl_->read_texts(dataset, id, type);
    case Kind::kBool:
      return impl_->read_bools(dataset, id, type);
    case Kind::kOther:
      break;
  }
  throw impl_->failed(dataset, "its type is not supported");
}

}  // namespace firstlight

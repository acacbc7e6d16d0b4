#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "firstlight/base/error.h"
#include "firstlight/data/source.h"

namespace firstlight::testing {

inline std::string fixture(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/unit/data/fixtures/" + name;
}

/// Real images, absent from a fresh checkout.
inline std::string shared_data(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/../../shared/data/" + name;
}

/// A folder of its own that is removed at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "firstlight_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = {}) const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }
  std::string copy(const std::string& from, const std::string& name) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::copy_file(from, file, std::filesystem::copy_options::overwrite_existing);
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

/// The message of the Error that `work` throws; "no error" where it throws none.
template <typename Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline std::string error_of_opening(const std::string& spec) {
  return error_of([&] { open_data_source(spec); });
}

}  // namespace firstlight::testing

/// `text` contains `part`; the failure shows both.
#define EXPECT_HAS(text, part) EXPECT_PRED_FORMAT2(::testing::IsSubstring, part, text)

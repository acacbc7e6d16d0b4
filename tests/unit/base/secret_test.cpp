#include "firstlight/base/secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "temporary_folder.h"

namespace firstlight {
namespace {

constexpr const char* kVariable = "FIRSTLIGHT_TEST_SECRET";

std::string error_of(const std::string& file) {
  try {
    load_secret(file, "--key-file", kVariable);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    return e.what();
  }
  return {};
}

TEST(Secret, ComesFromAFileThatOnlyItsOwnerReads) {
  const TemporaryFolder folder;
  const std::string path = folder.path("secret");
  text::write_file_atomically(path, " sk-123\n");
  ::chmod(path.c_str(), 0600);
  EXPECT_EQ(load_secret(path, "--key-file", kVariable), "sk-123");
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    ::chmod(path.c_str(), mode);
    const std::string message = error_of(path);
    EXPECT_NE(message.find("chmod 600"), std::string::npos) << message;
    EXPECT_EQ(message.find("sk-123"), std::string::npos);
  }
  ::chmod(path.c_str(), 0600);
  for (const char* content : {"", "two words", "line\r\nX-Header: 1", "k\xc3\xa9y"}) {
    text::write_file_atomically(path, content);
    ::chmod(path.c_str(), 0600);
    EXPECT_FALSE(error_of(path).empty()) << content;
  }
  EXPECT_FALSE(error_of(folder.path()).empty());
  EXPECT_FALSE(error_of(path + "-absent").empty());
}

TEST(Secret, OrFromTheEnvironmentOrNowhere) {
  ::unsetenv(kVariable);
  EXPECT_EQ(load_secret("", "--key-file", kVariable), "");
  ::setenv(kVariable, "sk-456", 1);
  EXPECT_EQ(load_secret("", "--key-file", kVariable), "sk-456");
  ::setenv(kVariable, "two words", 1);
  EXPECT_NE(error_of("").find(kVariable), std::string::npos);
  ::unsetenv(kVariable);
}

TEST(Secret, IsTakenOutOfText) {
  EXPECT_EQ(without_secret("key sk-1, again sk-1", "sk-1"), "key [key], again [key]");
  EXPECT_EQ(without_secret("nothing", ""), "nothing");
}

}  // namespace
}  // namespace firstlight

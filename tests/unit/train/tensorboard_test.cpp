#include "firstlight/train/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "firstlight/base/text.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

// RFC 3720, appendix B.4, and the check value of the Rocksoft catalogue.
TEST(TensorBoard, Crc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
}

TEST(TensorBoard, RecordsAreFramedAndHoldTagAndValue) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path("tensorboard");
  {
    TensorBoard board(folder);
    board.scalar("loss/vision", 7, 0.5);
  }
  const std::string path = std::filesystem::directory_iterator(folder)->path().string();
  const std::string content = text::read_file(path);
  std::size_t at = 0;
  std::vector<std::string> records;
  while (at < content.size()) {
    std::uint64_t length = 0;
    std::memcpy(&length, content.data() + at, 8);
    ASSERT_LE(at + 16 + length, content.size());
    records.push_back(content.substr(at + 12, length));
    at += 16 + length;
  }
  ASSERT_EQ(records.size(), 2U);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  EXPECT_NE(records[1].find("loss/vision"), std::string::npos);
  const float half = 0.5F;
  EXPECT_NE(
      records[1].find(std::string("\x15") + std::string(reinterpret_cast<const char*>(&half), 4)),
      std::string::npos);
}

}  // namespace
}  // namespace firstlight::train

#include "firstlight/base/hash.h"

#include <gtest/gtest.h>

namespace firstlight {
namespace {

// FIPS 180-2, appendix B.1.
TEST(Hash, Sha256OfAbc) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, PiecesEqualTheWhole) {
  EXPECT_EQ(ContentHash().update("a").update("bc").hex(), sha256_hex("abc"));
}

TEST(Hash, StableHashIsTheFirstEightBytes) {
  EXPECT_EQ(stable_hash64("abc"), 0xba7816bf8f01cfeaULL);
}

}  // namespace
}  // namespace firstlight

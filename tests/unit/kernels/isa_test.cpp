#include "firstlight/kernels/isa.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "firstlight/base/error.h"
#include "firstlight/kernels/kernels.h"

namespace firstlight::kernels {
namespace {

TEST(Isa, PortableIsAlwaysThereAndTheFastestIsTheDefault) {
  EXPECT_EQ(available_isas().front(), Isa::kPortable);
  unsetenv("FIRSTLIGHT_ISA");
  EXPECT_EQ(active_isa(), available_isas().back());
}

TEST(Isa, CanBeForced) {
  for (const Isa isa : available_isas()) {
    setenv("FIRSTLIGHT_ISA", to_string(isa).c_str(), 1);
    EXPECT_EQ(active_isa(), isa);
    EXPECT_EQ(Kernels::active().isa(), isa);
  }
  setenv("FIRSTLIGHT_ISA", "abacus", 1);
  EXPECT_THROW(active_isa(), Error);
  unsetenv("FIRSTLIGHT_ISA");
}

TEST(Numbers, HalfPrecisionFormsAreReadExactly) {
  EXPECT_EQ(f32_from_f16(0x3c00), 1.0f);
  EXPECT_EQ(f32_from_f16(0xc000), -2.0f);
  EXPECT_EQ(f32_from_f16(0x7bff), 65504.0f);
  EXPECT_EQ(f32_from_f16(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(f32_from_f16(0x83ff), -1023 * std::ldexp(1.0f, -24));
  EXPECT_TRUE(std::isinf(f32_from_f16(0xfc00)));
  EXPECT_TRUE(std::isnan(f32_from_f16(0x7e00)));
  EXPECT_EQ(f32_from_bf16(0x3f80), 1.0f);
}

TEST(Numbers, Bf16RoundsToNearestEven) {
  EXPECT_EQ(bf16_from_f32(1.0f), 0x3f80);
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-8f), 0x3f80);            // a tie: down to even
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-7f + 0x1p-8f), 0x3f82);  // a tie: up to even
  EXPECT_EQ(bf16_from_f32(1.0f + 0x1p-8f + 0x1p-20f), 0x3f81);
  EXPECT_EQ(bf16_from_f32(std::ldexp(1.0f, 127) * 1.99999f), 0x7f80);
  EXPECT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(std::nanf("")))));
}

}  // namespace
}  // namespace firstlight::kernels

#pragma once

#include "variant.h"

namespace firstlight::kernels {

/// While one lives, the thread's tile registers are configured.
class TileSession {
 public:
  explicit TileSession(const TileUnit& unit, std::size_t rows = kTileRows) : unit_(unit) {
    unit.begin(static_cast<int>(rows < kTileRows ? rows : kTileRows));
  }
  ~TileSession() { unit_.end(); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;

 private:
  const TileUnit& unit_;
};

}  // namespace firstlight::kernels

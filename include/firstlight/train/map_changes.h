#pragma once

namespace firstlight::train {

/// Random changes of a map that leave its class as it is.
struct MapChanges {
  enum class Flip {
    kNo,
    kEach,      ///< each view by itself: projections onto planes that share no flipped axis
    kTogether,  ///< all views of a sample
  };
  Flip flip_vertical = Flip::kNo;
  Flip flip_horizontal = Flip::kNo;
  bool quarter_turns = false;  ///< all views together, and also mirrored
  int shift = 0;               ///< up to so many pixels in each direction; what leaves is lost
  double half = 0;             ///< chance that 2 x 2 pixels become one by their greatest charge ...
  double quarter = 0;          ///< ... and 4 x 4
  double charge = 0;           ///< standard deviation of a factor on all charges of a sample
  double lost = 0;             ///< up to this fraction of the sites is left out
};

}  // namespace firstlight::train

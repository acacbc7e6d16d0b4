#include "loss_tables.h"

namespace firstlight::sim::lartpc {

const Tables& tables() {
  static const Tables t;
  return t;
}

}  // namespace firstlight::sim::lartpc

#pragma once

#include <cmath>

#include "firstlight/base/random.h"

namespace firstlight::sim::lartpc {

/// Lengths in cm, momenta in MeV. The beam runs along +z, y is up, charge drifts along x.
struct Vec3 {
  double x = 0, y = 0, z = 0;

  Vec3 operator+(const Vec3& o) const { return {x + o.x, y + o.y, z + o.z}; }
  Vec3 operator-(const Vec3& o) const { return {x - o.x, y - o.y, z - o.z}; }
  Vec3 operator*(double f) const { return {x * f, y * f, z * f}; }
  Vec3& operator+=(const Vec3& o) { return *this = *this + o; }
  double dot(const Vec3& o) const { return x * o.x + y * o.y + z * o.z; }
  double norm2() const { return dot(*this); }
  double norm() const { return std::sqrt(norm2()); }
  Vec3 unit() const {
    const double n = norm();
    return n > 0 ? *this * (1 / n) : Vec3{0, 0, 1};
  }
};

/// The unit vector `axis` turned by the polar angle and azimuth around itself.
inline Vec3 turned(const Vec3& axis, double cos_theta, double phi) {
  const double sin_theta = std::sqrt(std::max(0.0, 1 - cos_theta * cos_theta));
  // Any vector across the axis.
  const Vec3 helper = std::abs(axis.z) < 0.9 ? Vec3{0, 0, 1} : Vec3{1, 0, 0};
  const Vec3 a = Vec3{axis.y * helper.z - axis.z * helper.y, axis.z * helper.x - axis.x * helper.z,
                      axis.x * helper.y - axis.y * helper.x}
                     .unit();
  const Vec3 b = {axis.y * a.z - axis.z * a.y, axis.z * a.x - axis.x * a.z,
                  axis.x * a.y - axis.y * a.x};
  return (axis * cos_theta + a * (sin_theta * std::cos(phi)) + b * (sin_theta * std::sin(phi)))
      .unit();
}

inline Vec3 isotropic(Random& random) {
  return turned({0, 0, 1}, random.uniform(-1, 1), random.uniform(0, 2 * M_PI));
}

/// Energy and momentum in MeV.
struct FourVector {
  double e = 0;
  Vec3 p;

  FourVector operator+(const FourVector& o) const { return {e + o.e, p + o.p}; }
  FourVector operator-(const FourVector& o) const { return {e - o.e, p - o.p}; }
  double mass2() const { return e * e - p.norm2(); }
  double mass() const { return std::sqrt(std::max(0.0, mass2())); }
  Vec3 velocity() const { return p * (1 / e); }
  /// Seen from a frame in which a thing at rest here moves with velocity `b` (|b| < 1).
  FourVector boosted(const Vec3& b) const {
    const double b2 = b.norm2();
    if (b2 <= 0) return *this;
    const double gamma = 1 / std::sqrt(1 - b2);
    const double along = b.dot(p);
    return {gamma * (e + along), p + b * ((gamma - 1) * along / b2 + gamma * e)};
  }
};

inline FourVector on_shell(double mass, const Vec3& p) {
  return {std::sqrt(mass * mass + p.norm2()), p};
}

}  // namespace firstlight::sim::lartpc

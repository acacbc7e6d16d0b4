#include "firstlight/sim/render.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

/// Sersic intensity at squared elliptical radius in units of the half-light radius, up to a factor.
struct SersicCurve {
  float b;
  float half_exponent;  // 1 / (2 n)
  float operator()(float m2) const { return std::exp(-b * (std::pow(m2, half_exponent) - 1)); }
};

/// Mean of `curve` over the square cell of side `side` around (x, y) relative to the centre of the
/// profile. The profile may have a cusp, so the sub-cell that holds the centre is divided again.
template <typename Curve>
double cell_mean(const Curve& curve, double x, double y, double side, int depth) {
  const double step = side / 3;
  double total = 0;
  for (int j = -1; j <= 1; ++j) {
    for (int i = -1; i <= 1; ++i) {
      const double cx = x + i * step;
      const double cy = y + j * step;
      const bool near = std::max(std::abs(cx), std::abs(cy)) < 1.01 * step;
      if (near && depth > 0) {
        total += cell_mean(curve, cx, cy, step, depth - 1);
      } else {
        total += curve(cx, cy);
      }
    }
  }
  return total / 9;
}

struct Rotation {
  double c;
  double s;
  explicit Rotation(double angle) : c(std::cos(angle)), s(std::sin(angle)) {}
  double along(double dx, double dy) const { return c * dx + s * dy; }
  double across(double dx, double dy) const { return -s * dx + c * dy; }
};

}  // namespace

double Plane::sum() const {
  double total = 0;
  for (const float v : values) total += v;
  return total;
}

float Plane::maximum() const {
  return values.empty() ? 0.0f : *std::max_element(values.begin(), values.end());
}

double sersic_b(double n) {
  return 2 * n - 1.0 / 3 + 4 / (405 * n) + 46 / (25515 * n * n) + 131 / (1148175 * n * n * n) -
         2194697 / (30690717750.0 * n * n * n * n);
}

double sersic_intensity(double r, double radius, double n, double axis_ratio) {
  const double b = sersic_b(n);
  const double log_flux = std::log(2 * kPi * n * axis_ratio * radius * radius) + b -
                          2 * n * std::log(b) + std::lgamma(2 * n);
  return std::exp(-b * (std::pow(r / radius, 1 / n) - 1) - log_flux);
}

double apparent_axis_ratio(double inclination, double intrinsic_axis_ratio) {
  return std::hypot(std::cos(inclination), intrinsic_axis_ratio * std::sin(inclination));
}

double bessel_k1(double x) {
  if (x <= 2) {
    const double t = (x / 3.75) * (x / 3.75);
    const double i1 =
        x *
        (0.5 + t * (0.87890594 +
                    t * (0.51498869 +
                         t * (0.15084934 + t * (0.02658733 + t * (0.00301532 + t * 0.00032411))))));
    const double u = x * x / 4;
    return std::log(x / 2) * i1 +
           (1 +
            u * (0.15443144 + u * (-0.67278579 +
                                   u * (-0.18156897 +
                                        u * (-0.01919402 + u * (-0.00110404 - u * 0.00004686)))))) /
               x;
  }
  const double u = 2 / x;
  return std::exp(-x) / std::sqrt(x) *
         (1.25331414 +
          u * (0.23498619 +
               u * (-0.03655620 +
                    u * (0.01504268 + u * (-0.00780353 + u * (0.00325614 - u * 0.00068245))))));
}

void add_sersic(Plane& plane, const Ellipse& ellipse, double n, double flux, double floor) {
  const double b = sersic_b(n);
  const double at_radius =
      flux * sersic_intensity(ellipse.radius, ellipse.radius, n, ellipse.axis_ratio);
  // Elliptical radius (in half-light radii) where the profile meets the floor.
  double limit = 60;
  if (floor > 0) {
    if (at_radius <= 0) return;
    const double decline = 1 + std::log(at_radius / floor) / b;
    limit = decline <= 0 ? 0 : std::min(limit, std::pow(decline, n));
  }
  const double reach = limit * ellipse.radius + 2;
  const int x_begin = std::max(0, static_cast<int>(std::floor(ellipse.x - reach)));
  const int x_end = std::min(plane.width, static_cast<int>(std::ceil(ellipse.x + reach)) + 1);
  const int y_begin = std::max(0, static_cast<int>(std::floor(ellipse.y - reach)));
  const int y_end = std::min(plane.height, static_cast<int>(std::ceil(ellipse.y + reach)) + 1);

  const Rotation rotation(ellipse.angle);
  const double inverse_a = 1 / ellipse.radius;
  const double inverse_b = 1 / (ellipse.radius * ellipse.axis_ratio);
  const SersicCurve curve{static_cast<float>(b), static_cast<float>(0.5 / n)};
  const auto at = [&](double dx, double dy) {
    const double u = rotation.along(dx, dy) * inverse_a;
    const double v = rotation.across(dx, dy) * inverse_b;
    return curve(static_cast<float>(u * u + v * v));
  };
  const float limit2 = static_cast<float>(limit * limit);
  // Where the curve changes much across a pixel the pixel's mean is taken instead of its middle.
  const double fine = std::max(2.0, 0.5 / ellipse.axis_ratio);
  for (int y = y_begin; y < y_end; ++y) {
    float* row = &plane.at(0, y);
    const double dy = y - ellipse.y;
    for (int x = x_begin; x < x_end; ++x) {
      const double dx = x - ellipse.x;
      const double u = rotation.along(dx, dy) * inverse_a;
      const double v = rotation.across(dx, dy) * inverse_b;
      const float m2 = static_cast<float>(u * u + v * v);
      const double distance = std::max(std::abs(dx), std::abs(dy));
      const bool thin = std::abs(v) < 2 && ellipse.radius * ellipse.axis_ratio < 1.5;
      if (distance < fine || (thin && std::abs(u) < 3)) {
        row[x] += static_cast<float>(at_radius * cell_mean(at, dx, dy, 1, distance < fine ? 5 : 0));
      } else if (m2 < limit2) {
        row[x] += static_cast<float>(at_radius) * curve(m2);
      }
    }
  }
}

void add_edge_on_disk(Plane& plane, const Ellipse& ellipse, double flux) {
  const Rotation rotation(ellipse.angle);
  const double h = ellipse.radius;
  const double z0 = h * ellipse.axis_ratio;
  // Integral of (x/h) K1(x/h) over the line is pi h; of sech^2(z/z0), 2 z0.
  const double norm = flux / (kPi * h * 2 * z0);
  const int cells = z0 < 0.7 ? 5 : z0 < 2 ? 3 : 1;
  // u K_1(u) is smooth but dear: interpolated linearly from a table, error below 1e-4 of the peak.
  constexpr double kReach = 14;
  static const std::vector<float> along = [] {
    std::vector<float> table(4002);
    for (std::size_t i = 0; i < table.size(); ++i) {
      const double u = kReach * static_cast<double>(i) / 4000;
      table[i] = static_cast<float>(i == 0 ? 1.0 : u * bessel_k1(u));
    }
    return table;
  }();
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      double total = 0;
      for (int j = 0; j < cells; ++j) {
        for (int i = 0; i < cells; ++i) {
          const double dx = x - ellipse.x + (i + 0.5) / cells - 0.5;
          const double dy = y - ellipse.y + (j + 0.5) / cells - 0.5;
          const double z = std::abs(rotation.across(dx, dy)) / z0;
          const double u = std::abs(rotation.along(dx, dy)) / h;
          if (z > 9 || u >= kReach) continue;
          const float e = std::exp(-2 * static_cast<float>(z));
          const double sech2 = 4 * e / ((1 + e) * (1 + e));
          const double place = u * (4000 / kReach);
          const std::size_t k = static_cast<std::size_t>(place);
          const double part = place - static_cast<double>(k);
          total += ((1 - part) * along[k] + part * along[k + 1]) * sech2;
        }
      }
      plane.at(x, y) += static_cast<float>(norm * total / (cells * cells));
    }
  }
}

void add_moffat(Plane& plane, double x0, double y0, double fwhm, double flux, double floor) {
  const double a = fwhm / (2 * std::sqrt(std::cbrt(2.0) - 1));
  const double peak = flux * 2 / (kPi * a * a);  // (beta - 1) / (pi a^2)
  const double reach =
      floor > 0 ? a * std::sqrt(std::max(0.0, std::cbrt(peak / floor) - 1)) + 1 : 1e6;
  const int x_begin = std::max(0, static_cast<int>(std::floor(std::max(-1e6, x0 - reach))));
  const int x_end = static_cast<int>(std::min<double>(plane.width, std::ceil(x0 + reach) + 1));
  const int y_begin = std::max(0, static_cast<int>(std::floor(std::max(-1e6, y0 - reach))));
  const int y_end = static_cast<int>(std::min<double>(plane.height, std::ceil(y0 + reach) + 1));
  // Undersampled stars are integrated over the pixel.
  const int cells = fwhm < 2.5 ? 3 : 1;
  const double inverse_a2 = 1 / (a * a);
  for (int y = y_begin; y < y_end; ++y) {
    for (int x = x_begin; x < x_end; ++x) {
      double total = 0;
      for (int j = 0; j < cells; ++j) {
        for (int i = 0; i < cells; ++i) {
          const double dx = x - x0 + (i + 0.5) / cells - 0.5;
          const double dy = y - y0 + (j + 0.5) / cells - 0.5;
          const double s = 1 + (dx * dx + dy * dy) * inverse_a2;
          total += 1 / (s * s * s);
        }
      }
      plane.at(x, y) += static_cast<float>(peak * total / (cells * cells));
    }
  }
}

GaussianMixture moffat_mixture(double fwhm) {
  // Roots of L_3^(1)(t) and their weights, the latter scaled to sum 1.
  constexpr std::array<double, 3> kNode = {0.9358222275240878, 3.305407289332279,
                                           7.758770483143634};
  constexpr std::array<double, 3> kWeight = {0.5886814810396596, 0.3912160592223099,
                                             0.0201024597380306};
  const double a = fwhm / (2 * std::sqrt(std::cbrt(2.0) - 1));
  GaussianMixture mixture{kWeight, {}};
  for (int i = 0; i < 3; ++i) mixture.sigma[i] = a / std::sqrt(2 * kNode[i]);
  return mixture;
}

namespace {

/// Weights of a Gaussian around `shift` at the offsets -reach to reach.
std::vector<float> gaussian_taps(double sigma, double shift) {
  const int reach = std::max(1, static_cast<int>(std::ceil(3.5 * sigma + std::abs(shift))));
  std::vector<float> taps(2 * reach + 1);
  double total = 0;
  for (int i = -reach; i <= reach; ++i) {
    // Sampled, as light is already averaged over pixels; where the Gaussian is narrower than the
    // pixels, its mean over each, so that it keeps its width.
    const double s = sigma * std::sqrt(2.0);
    const double x = i - shift;
    const double v = sigma > 0.6 ? std::exp(-0.5 * x * x / (sigma * sigma))
                                 : std::erf((x + 0.5) / s) - std::erf((x - 0.5) / s);
    taps[i + reach] = static_cast<float>(v);
    total += v;
  }
  for (float& t : taps) t = static_cast<float>(t / total);
  return taps;
}

/// out += weight * (in convolved with the taps along x and y).
void add_separable(const Plane& in, const std::vector<float>& across,
                   const std::vector<float>& down, float weight, Plane& out) {
  const int reach = static_cast<int>(across.size()) / 2;
  const int w = in.width;
  Plane rows(w, in.height);
  std::vector<float> padded(static_cast<std::size_t>(w) + 2 * reach, 0.0f);
  for (int y = 0; y < in.height; ++y) {
    std::copy_n(&in.values[static_cast<std::size_t>(y) * w], w, padded.begin() + reach);
    float* to = &rows.at(0, y);
    for (int k = -reach; k <= reach; ++k) {
      const float tap = across[k + reach];
      const float* from = padded.data() + reach - k;
      for (int x = 0; x < w; ++x) to[x] += tap * from[x];
    }
  }
  const int reach_down = static_cast<int>(down.size()) / 2;
  for (int y = 0; y < in.height; ++y) {
    float* to = &out.at(0, y);
    for (int k = -reach_down; k <= reach_down; ++k) {
      const int from_y = y - k;
      if (from_y < 0 || from_y >= in.height) continue;
      const float tap = weight * down[k + reach_down];
      const float* from = &rows.at(0, from_y);
      for (int x = 0; x < w; ++x) to[x] += tap * from[x];
    }
  }
}

}  // namespace

void convolve(Plane& plane, const GaussianMixture& psf, double dx, double dy) {
  Plane out(plane.width, plane.height);
  for (std::size_t i = 0; i < psf.sigma.size(); ++i) {
    add_separable(plane, gaussian_taps(psf.sigma[i], dx), gaussian_taps(psf.sigma[i], dy),
                  static_cast<float>(psf.weight[i]), out);
  }
  plane = std::move(out);
}

void blur(Plane& plane, double sigma) {
  if (sigma <= 0) return;
  Plane out(plane.width, plane.height);
  const std::vector<float> taps = gaussian_taps(sigma, 0);
  add_separable(plane, taps, taps, 1.0f, out);
  plane = std::move(out);
}

}  // namespace firstlight::sim

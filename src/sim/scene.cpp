#include "scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

float ratio(double magnitudes) { return static_cast<float>(std::pow(10, 0.4 * magnitudes)); }

}  // namespace

Colour galaxy_colour(double g_minus_r) {
  // r - i = 0.16 + 0.27 (g - r) along the galaxies' sequence, as displayed: fitted to the middles
  // of SDSS pictures, in which g - r = 0.45 has as much blue as green.
  return {ratio(0.11 + 0.27 * (g_minus_r - 0.45)), 1.0f, ratio(-(g_minus_r - 0.45))};
}

Colour star_colour(double g_minus_r) {
  // The stellar locus turns at g - r = 1.4, where M dwarfs go on in r - i only.
  const double along = std::min(g_minus_r, 1.4);
  const double r_minus_i = 0.4 * along - 0.05 + 1.2 * std::max(0.0, g_minus_r - 1.15);
  return {ratio(r_minus_i - 0.12), 1.0f, ratio(-(along - 0.5))};
}

Scene::Scene(int width, int height)
    : planes_{Plane(width, height), Plane(width, height), Plane(width, height)} {}

void Scene::add(const Plane& plane, const Colour& colour, double factor) {
  for (int b = 0; b < 3; ++b) {
    const float scale = static_cast<float>(factor) * colour[b];
    std::vector<float>& to = planes_[b].values;
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += scale * plane.values[i];
  }
}

void Scene::convolve(double fwhm) {
  for (int b = 0; b < 3; ++b) {
    const Band& band = difference_[b];
    sim::convolve(planes_[b], moffat_mixture(fwhm * band.seeing), band.dx, band.dy);
  }
}

void Scene::add_sersic(const Ellipse& ellipse, double n, double flux, const Colour& colour,
                       double floor) {
  for (int b = 0; b < 3; ++b) {
    sim::add_sersic(planes_[b], ellipse, n, flux * colour[b], floor * colour[b]);
  }
}

void Scene::add_star(double x, double y, double fwhm, double flux, const Colour& colour) {
  for (int b = 0; b < 3; ++b) {
    const Band& band = difference_[b];
    add_moffat(planes_[b], x + band.dx, y + band.dy, fwhm * band.seeing, flux * colour[b], 0.02);
  }
}

double truncated_normal(Random& random, double mean, double sigma, double low, double high) {
  for (int i = 0; i < 1000; ++i) {
    const double value = random.normal(mean, sigma);
    if (value >= low && value <= high) return value;
  }
  return std::clamp(mean, low, high);
}

double log_normal(Random& random, double median, double sigma_ln) {
  return median * std::exp(sigma_ln * random.normal());
}

int add_neighbours(Scene& scene, Random& random, const NeighbourOptions& options) {
  const int count = static_cast<int>(random.poisson(options.mean));
  const double margin = 4;
  const double a2 = options.fwhm * options.fwhm;
  for (int k = 0; k < count; ++k) {
    double x = 0;
    double y = 0;
    for (int attempt = 0; attempt < 20; ++attempt) {
      x = random.uniform(-margin, scene.width() + margin);
      y = random.uniform(-margin, scene.height() + margin);
      const double r = std::hypot(x - 0.5 * scene.width(), y - 0.5 * scene.height());
      if (r > options.clear_radius || random.chance(0.04)) break;
    }
    const double peak = std::min(
        options.brightest, options.faintest * std::pow(1 - random.uniform(), -1 / options.slope));
    if (random.chance(options.star_fraction)) {
      const double colour = random.chance(0.5) ? random.normal(1.4, 0.15) : random.normal(0.5, 0.3);
      // A Moffat star of unit peak and beta = 3 holds pi a^2 / 2, a = 0.981 FWHM.
      const double star = colour > 1.2 ? std::pow(peak, 0.92) : peak;
      scene.add_star(x, y, options.fwhm, star * 0.5 * kPi * 0.962 * a2, star_colour(colour));
      continue;
    }
    Ellipse ellipse{x, y, log_normal(random, options.galaxy_radius, 0.45),
                    random.uniform(0.25, 1.0), random.uniform(0, kPi)};
    // Bright galaxies are rarer than bright stars.
    const double faint = std::min(peak, options.faintest * std::pow(peak / options.faintest, 0.65));
    const double n = random.chance(0.6) ? random.uniform(0.7, 1.5) : random.uniform(2, 4.5);
    const double colour = n < 1.6 ? random.normal(0.55, 0.25) : random.normal(0.95, 0.2);
    // Seeing is folded in by widening: neighbours need no convolution of their own.
    const double seeing = 0.30 * a2;
    const double minor = std::sqrt(std::pow(ellipse.radius * ellipse.axis_ratio, 2) + seeing);
    ellipse.radius = std::sqrt(ellipse.radius * ellipse.radius + seeing);
    ellipse.axis_ratio = minor / ellipse.radius;
    const double smooth_n = std::min(n, 1.3);
    const double central =
        sersic_intensity(0.5 * ellipse.radius, ellipse.radius, smooth_n, ellipse.axis_ratio);
    scene.add_sersic(ellipse, smooth_n, 0.8 * faint / central, options.colour(colour), 0.05);
  }
  return count;
}

}  // namespace firstlight::sim

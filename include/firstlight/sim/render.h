#pragma once

#include <array>
#include <vector>

namespace firstlight::sim {

/// One plane of surface brightness, rows from the top; the centre of pixel (i, j) has coordinates
/// x = i, y = j. Units are the caller's; a "flux" is a sum over pixels.
struct Plane {
  int width = 0;
  int height = 0;
  std::vector<float> values;

  Plane() = default;
  Plane(int w, int h) : width(w), height(h), values(static_cast<std::size_t>(w) * h, 0.0f) {}
  float& at(int x, int y) { return values[static_cast<std::size_t>(y) * width + x]; }
  float at(int x, int y) const { return values[static_cast<std::size_t>(y) * width + x]; }
  double sum() const;
  float maximum() const;
};

/// An ellipse on the sky: centre and scale in pixels, axis ratio b/a in (0, 1], angle of the major
/// axis from +x towards +y (downwards on the screen) in radians.
struct Ellipse {
  double x = 0;
  double y = 0;
  double radius = 1;
  double axis_ratio = 1;
  double angle = 0;
};

/// b_n, for which the half-light radius of a Sersic profile is its scale: the asymptotic expansion
/// of Ciotti & Bertin 1999 (A&A 352, 447, eq. 18); error below 3e-4 for n >= 0.5, 5e-5 for n >= 1.
double sersic_b(double n);
/// Intensity of a Sersic profile (Sersic 1963) of total flux 1 at elliptical radius `r`, half-light
/// radius `radius` and axis ratio q: I_e exp(-b_n ((r/radius)^(1/n) - 1)), with the flux of Graham
/// & Driver 2005 (PASA 22, 118, eq. 4).
double sersic_intensity(double r, double radius, double n, double axis_ratio = 1);
/// Apparent axis ratio of an oblate disk of intrinsic flattening q0 seen at inclination i (radians,
/// 0 = face-on): sqrt(cos^2 i + q0^2 sin^2 i) (Hubble 1926, ApJ 64, 321).
double apparent_axis_ratio(double inclination, double intrinsic_axis_ratio);
/// Modified Bessel function K_1 (Abramowitz & Stegun 1964, 9.8.7 and 9.8.8; error below 8e-9), x >
/// 0.
double bessel_k1(double x);

/// Adds a Sersic profile of half-light radius `ellipse.radius` and total flux `flux`, integrated
/// over pixels near the centre. Pixels below `floor` (intensity) are left out.
void add_sersic(Plane& plane, const Ellipse& ellipse, double n, double flux, double floor = 0);

/// Adds an edge-on disk of total flux `flux`: Sigma(x, z) ~ (|x|/h) K_1(|x|/h) sech^2(z/z0) (van
/// der Kruit & Searle 1981, A&A 95, 105), h = ellipse.radius, z0 = h * ellipse.axis_ratio.
void add_edge_on_disk(Plane& plane, const Ellipse& ellipse, double flux);

/// Star image after Moffat 1969 (A&A 3, 455) with beta = 3: I ~ (1 + (r/a)^2)^-3 of total flux
/// `flux`, out to the radius where it falls below `floor`.
void add_moffat(Plane& plane, double x, double y, double fwhm, double flux, double floor = 0);

/// The Moffat beta = 3 point-spread function as Gaussians of equal centre. Exact identity:
/// (1 + s)^-beta = 1/Gamma(beta) * integral of t^(beta-1) e^-t e^(-t s) dt; three-point generalised
/// Gauss-Laguerre quadrature in t gives Gaussians of variance a^2/(2 t).
struct GaussianMixture {
  std::array<double, 3> weight;  ///< sums to 1
  std::array<double, 3> sigma;   ///< pixels
};
GaussianMixture moffat_mixture(double fwhm);
/// Convolves with the mixture, and moves the light by (dx, dy) pixels, both at most 3. Light that
/// leaves the frame is lost, and none comes in.
void convolve(Plane& plane, const GaussianMixture& psf, double dx = 0, double dy = 0);
/// Convolves with one Gaussian.
void blur(Plane& plane, double sigma);

}  // namespace firstlight::sim

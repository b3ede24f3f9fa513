#include "engine/api/result.h"
#include "engine/diffusion/told_augment.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using diffusion::ToldAugmentConfig;
using diffusion::ToldDraw;

// Recorded draws in call order, "in.<setting>.<k>.<kind>".
class Draws {
 public:
  Draws(const parity::Case& reference, const std::string& setting) {
    const std::string prefix = "in." + setting + ".";
    for (const auto& [name, tensor] : reference.io)  // sorted by name, so by number
      if (name.rfind(prefix, 0) == 0) list_.push_back(tensor.to(at::kDouble));
  }
  // The next draw, as [rows, N].
  at::Tensor next(std::int64_t count) {
    if (at_ >= list_.size()) throw Error(ErrorCode::bad_input, "The case has fewer random draws than its operations need.");
    return list_[at_++].reshape({-1, count});
  }
  bool empty() const { return at_ == list_.size(); }

 private:
  std::vector<at::Tensor> list_;
  std::size_t at_ = 0;
};

std::vector<ToldDraw> recorded(const parity::Case& reference, const std::string& setting, const ToldAugmentConfig& c, std::int64_t count) {
  Draws source(reference, setting);
  std::vector<ToldDraw> draws(static_cast<std::size_t>(count));
  const auto each = [&](double multiplier, auto set) {
    if (multiplier <= 0) return;
    const at::Tensor value = source.next(count), gate = source.next(count);
    for (std::int64_t n = 0; n < count; ++n) set(draws[static_cast<std::size_t>(n)], [&](std::int64_t row) { return value[row][n].item<double>(); }, gate[0][n].item<double>());
  };
  const auto one = [&](double multiplier, gan::Toss ToldDraw::*toss) {
    each(multiplier, [toss](ToldDraw& d, auto value, double on) { d.*toss = {value(0), on}; });
  };
  const auto two = [&](double multiplier, gan::Toss2 ToldDraw::*toss) {
    each(multiplier, [toss](ToldDraw& d, auto value, double on) { d.*toss = {{value(0), value(1)}, on}; });
  };
  one(c.xflip, &ToldDraw::xflip);
  one(c.yflip, &ToldDraw::yflip);
  one(c.rotate_int, &ToldDraw::rotate_int);
  two(c.translate_int, &ToldDraw::translate_int);
  one(c.scale, &ToldDraw::scale);
  one(c.rotate_frac, &ToldDraw::rotate_frac);
  if (c.aniso > 0) {
    const at::Tensor w = source.next(count), r = source.next(count), gate = source.next(count), turned = source.next(count);
    for (std::int64_t n = 0; n < count; ++n) {
      ToldDraw& d = draws[static_cast<std::size_t>(n)];
      d.aniso = {w[0][n].item<double>(), gate[0][n].item<double>()};
      d.aniso_angle = {r[0][n].item<double>(), turned[0][n].item<double>()};
    }
  }
  two(c.translate_frac, &ToldDraw::translate_frac);
  one(c.brightness, &ToldDraw::brightness);
  one(c.contrast, &ToldDraw::contrast);
  one(c.lumaflip, &ToldDraw::lumaflip);
  one(c.hue, &ToldDraw::hue);
  one(c.saturation, &ToldDraw::saturation);
  if (!source.empty()) throw Error(ErrorCode::bad_input, "The case has more random draws than its operations need.");
  return draws;
}

// The pictures a setting was recorded with: those of the shape of its result.
at::Tensor images_for(const parity::Case& reference, const std::string& setting) {
  const auto shape = reference.in("out." + setting + ".images").sizes();
  for (const char* name : {"in.images", "in.images_square", "in.images_gray"})
    if (reference.has(name) && reference.in(name).sizes() == shape) return reference.in(name);
  throw Error(ErrorCode::bad_input, "The case has no pictures for the setting " + setting + ".");
}

}  // namespace

void run_augment_case(parity::Case& reference) {
  for (const auto& [setting, args] : reference.args().items()) {
    if (!reference.has("out." + setting + ".images")) continue;
    nlohmann::json known = args;
    if (known.contains("aniso_rotate_prob")) known["aniso_rotate"] = known["aniso_rotate_prob"], known.erase("aniso_rotate_prob");
    ToldAugmentConfig config;
    config.p = 1.0;
    config::from_config(known, config);
    const at::Tensor images = images_for(reference, setting);
    const auto draws = recorded(reference, setting, config, images.size(0));
    const auto single = told_augment(images, config, draws), twin = told_augment(images.to(at::kDouble), config, draws);
    reference.report("out." + setting + ".images", single.images);
    reference.report("out." + setting + ".labels", single.labels);
    reference.report("out." + setting + ".images_f64", twin.images);
  }
}

}  // namespace orrery::edm

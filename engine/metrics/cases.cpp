#include "engine/metrics/cases.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <cmath>

#include "engine/api/result.h"
#include "engine/metrics/distances.h"
#include "engine/metrics/path_length.h"
#include "engine/metrics/resize.h"

namespace orrery::metrics {
namespace {

at::Tensor one(double value) { return at::full({1}, value, at::kDouble); }

void frechet(parity::Case& reference) {
  const at::Tensor &generated = reference.in("in.generated"), &real = reference.in("in.real");
  const FeatureStats a = feature_stats(generated), b = feature_stats(real), a_biased = feature_stats(generated, false), b_biased = feature_stats(real, false);
  reference.report("out.mu_generated", a.mean);
  reference.report("out.sigma_generated", a.covariance);
  reference.report("out.sigma_generated_stylegan3", a_biased.covariance);
  reference.report("out.mu_f32", generated.mean(0));
  const at::Tensor distance = one(frechet_distance(a, b));
  reference.report("out.fid_torch_fidelity", distance);
  reference.report("out.fid_clean_fid", distance);
  reference.report("out.fid_stylegan3", one(frechet_distance(a_biased, b_biased)));
}

void kernel(parity::Case& reference) {
  const at::Tensor &generated = reference.in("in.generated"), &real = reference.in("in.real");
  const auto values = kernel_distances_of_subsets(generated, real, reference.in("in.index_generated"), reference.in("in.index_real"));
  const at::Tensor per_subset = at::tensor(values, at::kDouble);
  const at::Tensor mean = per_subset.mean().view({1});
  reference.report("out.per_subset", per_subset);
  reference.report("out.kid_mean", mean);
  reference.report("out.kid_clean_fid", mean);
  reference.report("out.kid_stylegan3", mean);
  reference.report("out.kid_std", per_subset.std(/*unbiased=*/false).view({1}));
  const std::int64_t rows = std::min(generated.size(0), real.size(0));
  const auto subset = reference.args().at("subset_size").get<std::int64_t>();
  const at::Tensor x = generated.slice(0, 0, rows), y = real.slice(0, 0, rows);
  reference.report("out.mmd_full", one(kernel_distance(x, y)));
  reference.report("out.mmd_identical", one(kernel_distance(x, x)));
  reference.report("out.mmd_rbf_sigma3", one(kernel_distance_rbf(x.slice(0, 0, subset), y.slice(0, 0, subset), 3.0)));
}

void neighbours(parity::Case& reference) {
  const at::Tensor &generated = reference.in("in.generated"), &real = reference.in("in.real");
  for (const std::int64_t k : reference.args().at("k").get<std::vector<std::int64_t>>()) {
    const std::string name = "_k" + std::to_string(k);
    const PrecisionRecall result = precision_recall(generated, real, k);
    reference.report("out.precision" + name, one(result.precision));
    reference.report("out.recall" + name, one(result.recall));
    reference.report("out.f_score" + name, one(result.f_score()));
    reference.report("out.radius_real" + name, neighbour_radius(real, k));
    reference.report("out.radius_generated" + name, neighbour_radius(generated, k));
  }
  const PrecisionRecall rounded = precision_recall_float16(generated, real, 3);
  reference.report("out.precision_stylegan3", one(rounded.precision));
  reference.report("out.recall_stylegan3", one(rounded.recall));
}

void inception(parity::Case& reference) {
  const at::Tensor& logits = reference.in("in.logits");
  const auto splits = reference.args().at("splits").get<std::int64_t>();
  const auto say = [&](const std::string& ending, const InceptionScore& score) {
    reference.report("out.mean" + ending, one(score.mean));
    reference.report("out.std" + ending, one(score.deviation));
  };
  say("", inception_score(logits, splits));
  say("_shuffled", inception_score(logits.index_select(0, reference.in("in.permutation")), splits));
  say("_stylegan3", inception_score_of_probabilities(logits.to(at::kFloat).softmax(1), splits));
}

void path_length(parity::Case& reference) {
  const PathLength trimmed = trimmed_path_length(reference.in("in.distances"));
  reference.report("out.lo", one(trimmed.low));
  reference.report("out.hi", one(trimmed.high));
  reference.report("out.kept", at::full({1}, trimmed.kept, at::kLong));
  reference.report("out.ppl", one(trimmed.mean));
  reference.report("out.std", one(trimmed.deviation));
  const at::Tensor &a = reference.in("in.z0"), &b = reference.in("in.z1");
  const at::Tensor t = at::full({}, 0.3, at::kDouble);
  reference.report("out.slerp_stylegan3", metrics::slerp_on_sphere(a, b, reference.in("in.t").unsqueeze(1)));
  reference.report("out.batch_lerp", metrics::lerp(a, b, t));
  reference.report("out.batch_slerp_any", slerp(a, b, t));
  reference.report("out.batch_slerp_unit", slerp(a / a.norm(2, {-1}, true), b / b.norm(2, {-1}, true), t));
}

at::Tensor planes(const at::Tensor& picture) { return picture.permute({2, 0, 1}); }
at::Tensor pixels(const at::Tensor& planes) { return planes.permute({1, 2, 0}); }

void resizing(parity::Case& reference) {
  const auto& sizes = reference.args().at("sizes");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string number = std::to_string(i), out = "out." + number + ".";
    const auto height = sizes[i].at(2).get<std::int64_t>(), width = sizes[i].at(3).get<std::int64_t>();
    const at::Tensor bytes = planes(reference.in("in." + number + ".picture")), values = bytes.to(at::kDouble);
    reference.report(out + "tf1_bilinear", resize_tf1_bilinear(bytes.to(at::kFloat), height, width));
    reference.report(out + "tf1_bilinear_corners", resize_tf1_bilinear(bytes.to(at::kFloat), height, width, true));
    const auto clipped = [&](Filter filter) { return pixels(resize_antialiased(values, height, width, filter).clamp(0, 255)); };
    reference.report(out + "clean_bicubic", pixels(resize_clean(values, height, width)));
    reference.report(out + "pil_float_bilinear", clipped(Filter::bilinear));
    reference.report(out + "pil_float_lanczos", clipped(Filter::lanczos));
    reference.report(out + "pil_float_box", clipped(Filter::box));
    reference.report(out + "pil_uint8_bicubic", pixels(resize_bytes(bytes, height, width, Filter::bicubic)));
    reference.report(out + "pil_uint8_bilinear", pixels(resize_bytes(bytes, height, width, Filter::bilinear)));
    reference.report(out + "torch_bilinear", pixels(at::upsample_bilinear2d(bytes.to(at::kFloat).unsqueeze(0), {height, width}, false)[0].clamp(0, 255)));
  }
  if (!reference.has("in.p299.picture")) return;
  const at::Tensor bytes = planes(reference.in("in.p299.picture"));
  const at::Tensor large = resize_tf1_bilinear(bytes.to(at::kFloat), 299, 299);
  reference.report("out.p299.tf1_bilinear_stride5", large.slice(1, 0, 299, 5).slice(2, 0, 299, 5));
  reference.report("out.p299.clean_bicubic_stride5", pixels(resize_clean(bytes.to(at::kDouble), 299, 299).slice(1, 0, 299, 5).slice(2, 0, 299, 5)));
  reference.report("out.p299.inception_input_crop", ((large - 128) / 128).slice(1, 40, 60).slice(2, 40, 60));
}

}  // namespace

void run_metrics_case(parity::Case& reference) {
  if (reference.has("out.fid_torch_fidelity")) return frechet(reference);
  if (reference.has("in.index_generated")) return kernel(reference);
  if (reference.has("out.radius_real_k3") || reference.has("out.precision_stylegan3")) return neighbours(reference);
  if (reference.has("in.logits")) return inception(reference);
  if (reference.has("in.distances")) return path_length(reference);
  if (reference.args().contains("sizes")) return resizing(reference);
  throw Error(ErrorCode::bad_input, "The case " + reference.name + " is no measure that this program has.");
}

}  // namespace orrery::metrics

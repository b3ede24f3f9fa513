#include "engine/explore/directions.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/io/cache_dir.h"
#include "engine/io/safetensors.h"

namespace orrery {
namespace {

constexpr const char* kVersion = "1";

// The `count` eigenvectors of the symmetric float64 matrix with the largest eigenvalues, as rows, with a fixed sign.
at::Tensor leading_eigenvectors(const at::Tensor& symmetric, std::int64_t count) {
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(symmetric));  // columns, ascending
  at::Tensor rows = vectors.t().flip(0).slice(0, 0, std::min(count, vectors.size(0))).contiguous();
  const at::Tensor largest = rows.gather(1, rows.abs().argmax(1, true));
  return rows * largest.sign();
}

// Draws of w about their class's centre, float64 [samples, w_dim] on the CPU.
at::Tensor draw_w(Generator& generator, const DirectionsOptions& options, const std::function<bool(double)>& progress) {
  constexpr std::int64_t kBatch = 64;
  const GeneratorShape shape = generator.shape();
  const at::Tensor average = generator.w_average();
  const auto parameters = generator.parameters();
  const auto on = at::TensorOptions().dtype(at::kFloat).device(parameters.empty() ? at::Device(at::kCPU) : parameters.front().device());
  Rng rng = Rng(options.seed).fork("directions");
  std::vector<at::Tensor> draws;
  for (std::int64_t done = 0; done < options.samples; done += kBatch) {
    if (!progress(static_cast<double>(done) / static_cast<double>(options.samples))) return {};
    const at::Tensor z = rng.normal({kBatch, shape.z_dim}, on);
    at::Tensor c;
    if (shape.c_dim > 0) {
      c = at::zeros({kBatch, shape.c_dim}, on);
      for (std::int64_t i = 0; i < kBatch; ++i) c[i][rng.below(shape.c_dim)] = 1.0;
    }
    at::Tensor w = generator.map(z, c).select(1, 0);
    if (average.defined()) w = w - (average.dim() == 2 ? c.matmul(average.to(w.options())) : average.to(w.options()));
    draws.push_back(w.to(at::kCPU, at::kDouble));
  }
  return at::cat(draws).slice(0, 0, options.samples);
}

bool usable(const at::Tensor& rows) {
  return rows.defined() && rows.dim() == 2 && rows.scalar_type() == at::kFloat && (rows.numel() == 0 || rows.isfinite().all().item<bool>());
}

bool is_sha256(const std::string& hash) {
  return hash.size() == 64 && std::all_of(hash.begin(), hash.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string cache_file(const std::string& model_hash) { return io::cache_folder("directions") + "/" + model_hash + ".safetensors"; }

}  // namespace

std::optional<Directions> compute_directions(Generator& generator, const DirectionsOptions& options, const std::function<bool(double)>& progress) {
  c10::InferenceMode inference;
  at::Tensor w = draw_w(generator, options, progress);
  if (!w.defined()) return std::nullopt;
  w = w - w.mean(0, true);
  const at::Tensor covariance = w.t().matmul(w) / static_cast<double>(std::max<std::int64_t>(1, w.size(0) - 1));
  // The spread of w along each unit row u is sqrt(u^T C u).
  const auto scaled = [&](const at::Tensor& rows) {
    return (rows * (rows.matmul(covariance) * rows).sum(1, true).clamp_min(0.0).sqrt()).to(at::kFloat);
  };
  Directions out;
  out.pca = scaled(leading_eigenvectors(covariance, options.count));
  out.closed = at::zeros({0, w.size(1)}, at::kFloat);
  const auto matrices = generator.style_matrices();
  if (!matrices.empty()) {
    at::Tensor gram = at::zeros({w.size(1), w.size(1)}, at::kDouble);
    for (const auto& matrix : matrices) {
      const at::Tensor a = matrix.to(at::kCPU, at::kDouble);
      gram += a.t().matmul(a);
    }
    out.closed = scaled(leading_eigenvectors(gram, options.count));
  }
  return out;
}

bool is_direction(const std::string& control_id) { return control_id.starts_with("direction.") && control_id != "direction.layers"; }

std::shared_ptr<const Directions> load_directions(const std::string& model_hash) {
  if (!is_sha256(model_hash)) return nullptr;
  try {
    const std::string path = cache_file(model_hash);
    if (!std::filesystem::exists(path)) return nullptr;
    const io::TensorFile file = io::read_safetensors(path);
    const auto version = file.metadata.find("orrery.directions");
    if (version == file.metadata.end() || version->second != kVersion) return nullptr;
    Directions out{file.tensors.at("pca"), file.tensors.at("closed")};
    if (!usable(out.pca) || !usable(out.closed)) return nullptr;
    return std::make_shared<Directions>(std::move(out));
  } catch (const std::exception&) {
    return nullptr;  // a damaged cache file is as good as none: it is computed anew
  }
}

void save_directions(const std::string& model_hash, const Directions& directions) {
  if (!is_sha256(model_hash)) return;
  io::write_safetensors(cache_file(model_hash), {{{"pca", directions.pca}, {"closed", directions.closed}}, {{"orrery.directions", kVersion}}});
}

std::shared_ptr<const Directions> directions_of(const Model& model, const std::function<bool(double)>& progress) {
  if (auto known = load_directions(model.hash)) return known;
  auto* generator = dynamic_cast<Generator*>(model.network.get());
  if (!generator) {
    throw Error(ErrorCode::wrong_use, "This model has no intermediate latent space w to look for directions in.", "Nothing was changed.",
                "Choose a model whose kind is generator.");
  }
  auto computed = compute_directions(*generator, {}, progress);
  if (!computed) return nullptr;
  auto out = std::make_shared<Directions>(std::move(*computed));
  save_directions(model.hash, *out);
  return out;
}

}  // namespace orrery

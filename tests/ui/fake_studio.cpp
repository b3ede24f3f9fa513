#include "fake_studio.h"

#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <list>
#include <mutex>
#include <sstream>
#include <thread>

#include "fake_tapes.h"
#include "fake_tokens.h"

namespace orrery::fake {
namespace {

using namespace std::chrono_literals;
constexpr const char* kRecipeMark = "orrery_fake_recipe\n";

// ---- pictures ----

double hashed(std::int64_t x, std::int64_t y, int channel) {
  std::uint64_t h = static_cast<std::uint64_t>(x) * 0x9e3779b97f4a7c15ull ^ static_cast<std::uint64_t>(y) * 0xc2b2ae3d27d4eb4full ^
                    static_cast<std::uint64_t>(channel) * 0x165667b19e3779f9ull;
  h ^= h >> 31, h *= 0x7fb5d329728ea185ull, h ^= h >> 27, h *= 0x81dadef4bc2dd44dull, h ^= h >> 33;
  return static_cast<double>(h >> 11) / static_cast<double>(1ull << 53);
}

constexpr int kStyles = 12;
using Style = std::array<double, kStyles>;

Style styleAt(double x, double y) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto soft = [](double u) { return u * u * (3 - 2 * u); };
  const double u = soft(x - fx), v = soft(y - fy);
  Style style{};
  for (int i = 0; i < kStyles; ++i) {
    const auto at = [&](int dx, int dy) { return hashed(static_cast<std::int64_t>(fx) + dx, static_cast<std::int64_t>(fy) + dy, i); };
    style[i] = (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v;
  }
  return style;
}

struct Colour {
  double r, g, b;
};
Colour hsv(double h, double s, double v) {
  const auto f = [&](double n) {
    const double k = std::fmod(n + h * 6.0, 6.0);
    return v - v * s * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0);
  };
  return {f(5), f(3), f(1)};
}
Colour mix(const Colour& a, const Colour& b, double t) { return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t}; }

struct Face {
  Colour skin, rim, background, cheek;
  double eye_x, eye_y, eye_r, squint, mouth_w, mouth_curve, mouth_open, brow, cheek_a, size, noise;
  bool transparent;
};

Face faceOf(const Request& request) {
  const auto pad = request.get<std::vector<double>>("latent.pad", {0.0, 0.0});
  const double seed = static_cast<double>(request.get<std::int64_t>("seed", 0) * 13 % 4096);
  Style style = styleAt(seed + (pad.size() > 0 ? pad[0] : 0.0), pad.size() > 1 ? pad[1] : 0.0);
  const double blend_amount = request.get<double>("latent.blend", 0.0);
  if (blend_amount > 0.0) {
    const auto second_pad = request.get<std::vector<double>>("latent.second_pad", {0.0, 0.0});
    const Style second = styleAt(static_cast<double>(request.get<std::int64_t>("latent.second", 1) * 13 % 4096) + second_pad[0], second_pad[1]);
    for (int i = 0; i < kStyles; ++i) style[i] += (second[i] - style[i]) * blend_amount;
  }
  const double mix_amount = request.get<double>("mix.amount", 0.0);
  if (mix_amount > 0.0) {
    const Style other = styleAt(static_cast<double>(request.get<std::int64_t>("mix.seed", 1)) + 0.5, 77.0);
    const auto layers = request.get<std::vector<double>>("mix.layers", {0.0, 9.0});
    for (int i = 0; i < kStyles; ++i) {
      if (i >= layers[0] && i <= layers[1]) style[i] += (other[i] - style[i]) * mix_amount;
    }
  }
  const double psi = request.get<double>("truncation.psi", 1.0);
  for (double& s : style) s = 0.5 + (s - 0.5) * psi;
  for (int i = 0; i < 6; ++i) style[i + 2] += 0.08 * request.get<double>("direction." + std::to_string(i + 1), 0.0);
  const auto blend = request.get<std::vector<double>>("class.blend", {});
  double hue_shift = 0.0, total = 0.0;
  for (std::size_t i = 0; i < blend.size(); ++i)
    hue_shift += blend[i] * static_cast<double>(i) / static_cast<double>(blend.size()), total += blend[i];
  if (total > 0.0) hue_shift /= total;
  const double learnt = std::clamp(static_cast<double>(request.get<std::int64_t>("snapshot", 20)) / 20.0, 0.05, 1.0);
  const double hue = 0.085 + 0.10 * (style[0] - 0.35) + (style[1] > 0.8 ? (style[1] - 0.8) * 2.0 : 0.0) + hue_shift;
  Face face{};
  face.skin = hsv(std::fmod(hue + 1.0, 1.0), 0.72 * learnt, 1.0);
  face.rim = hsv(std::fmod(hue + 0.97, 1.0), 0.85 * learnt, 0.78);
  face.background = hsv(std::fmod(style[9] + 0.5, 1.0), 0.10, 0.98);
  face.cheek = {1.0, 0.45, 0.45};
  face.eye_x = 0.26 + 0.16 * (style[2] - 0.5);
  face.eye_y = -0.16 + 0.12 * (style[3] - 0.5);
  face.eye_r = 0.085 + 0.09 * (style[4] - 0.4);
  face.squint = 0.45 + 1.5 * std::clamp(style[5], 0.0, 1.0);
  face.mouth_w = 0.34 + 0.22 * (style[6] - 0.5);
  face.mouth_curve = 1.5 * (style[7] - 0.42);
  face.mouth_open = std::max(0.0, 0.5 * (style[8] - 0.45));
  face.brow = 0.6 * (style[10] - 0.5);
  face.cheek_a = std::clamp(2.2 * (style[11] - 0.6), 0.0, 0.8);
  face.size = 0.86;
  face.noise = (1.0 - learnt) * 0.35 + 0.02 * request.get<double>("noise.strength", 1.0);
  face.transparent = request.get<bool>("transparent", false);
  return face;
}

void shade(const Face& face, int size, std::uint8_t* out) {
  const double px = 2.0 / size;
  const auto edge = [px](double d) { return std::clamp(0.5 - d / (1.5 * px), 0.0, 1.0); };
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const double x = (column + 0.5) * px - 1.0, y = (row + 0.5) * px - 1.0;
      const double r = std::hypot(x, y);
      Colour c = face.background;
      double alpha = face.transparent ? 0.0 : 1.0;
      const double in = edge(r - face.size);
      alpha = std::max(alpha, in);
      const double glow = std::clamp(1.0 - std::hypot(x + 0.25, y + 0.35) / 1.2, 0.0, 1.0);
      Colour body = mix(mix(face.rim, face.skin, std::clamp((face.size - r) / 0.30, 0.0, 1.0)), {1, 1, 0.92}, 0.35 * glow);
      const Colour dark{0.30, 0.17, 0.06};
      for (const double side : {-1.0, 1.0}) {
        const double ex = x - side * face.eye_x, ey = (y - face.eye_y) / face.squint;
        body = mix(body, dark, edge(std::hypot(ex, ey) - face.eye_r));
        body = mix(body, {1, 1, 1}, edge(std::hypot(ex + 0.03, ey + 0.03) - face.eye_r * 0.28));
        const double by = y - (face.eye_y - 0.24) - side * face.brow * ex;
        body = mix(body, dark, edge(std::max(std::abs(by) - 0.025, std::abs(ex) - 0.12)) * 0.9);
        body = mix(body, face.cheek, face.cheek_a * std::clamp(1.0 - std::hypot(x - side * 0.5, y - 0.16) / 0.2, 0.0, 1.0));
      }
      const double mx = x / face.mouth_w, curve = 0.34 + face.mouth_curve * 0.18 * (1.0 - 2.0 * mx * mx);
      const double half = 0.035 + face.mouth_open * 0.34 * std::max(0.0, 1.0 - mx * mx);
      const double mouth = edge(std::max(std::abs(y - curve) - half, std::abs(x) - face.mouth_w));
      body = mix(body, face.mouth_open > 0.05 ? Colour{0.45, 0.10, 0.10} : dark, mouth);
      c = mix(c, body, in);
      const double grain = face.noise * (hashed(column, row, 99) - 0.5);
      const auto byte = [](double v) { return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0.0, 1.0) * 255.0)); };
      std::uint8_t* pixel = out + 4 * (static_cast<std::size_t>(row) * size + column);
      pixel[0] = byte(c.r + grain), pixel[1] = byte(c.g + grain), pixel[2] = byte(c.b + grain), pixel[3] = byte(alpha);
    }
  }
}

// ---- the catalogue ----

SystemInfo stylegan2() {
  SystemInfo info;
  info.id = "stylegan2";
  info.name = "StyleGAN2";
  info.kind = Kind::generator;
  info.year = 2020;
  info.authors = "Karras, Laine, Aittala, Hellsten, Lehtinen, Aila";
  info.paper = "Analyzing and Improving the Image Quality of StyleGAN";
  info.url = "https://arxiv.org/abs/1912.04958";
  info.sentence = "A style-based generator with weight demodulation: sharp pictures and a smooth latent space to walk in.";
  info.idea = {"A mapping network turns noise into a style vector w.",
               "Each layer's weights are scaled by the style and normalised again, so no blobs appear.",
               "Path-length regularisation keeps equal steps in w equally visible."};
  info.equation = "L_D = softplus(D(G(z))) + softplus(−D(x)) + γ/2 ‖∇D(x)‖²\nL_G = softplus(−D(G(z))) + (‖Jᵀy‖ − a)²";
  info.symbols = {"γ: loss.r1_gamma", "w: latent.pad", "ψ: truncation.psi"};
  info.try_first = "Drag on the picture, then pull truncation to 0.5.";
  info.presets = {{"tiny", "Tiny", "32 px, for a CPU: pictures after minutes"},
                  {"small", "Small", "64 px"},
                  {"paper256", "Paper, 256 px", "As published; needs a GPU"}};
  info.lights = {"parity", "trains", "live", "exports", "explained"};
  return info;
}

SystemInfo edm() {
  SystemInfo info;
  info.id = "edm";
  info.name = "EDM";
  info.kind = Kind::denoiser;
  info.year = 2022;
  info.authors = "Karras, Aittala, Aila, Laine";
  info.paper = "Elucidating the Design Space of Diffusion-Based Generative Models";
  info.url = "https://arxiv.org/abs/2206.00364";
  info.sentence = "Diffusion with its design choices taken apart: preconditioning, noise schedule and a second-order sampler.";
  info.idea = {"A network learns to remove noise of any strength.", "Preconditioning keeps inputs and targets at unit variance.",
               "Heun's method walks from noise to picture in few steps."};
  info.equation = "L = E[λ(σ) ‖D(x + n; σ) − x‖²]";
  info.symbols = {"σ: sampler.sigma_max"};
  info.try_first = "Turn the steps down until the picture breaks.";
  info.presets = {{"tiny", "Tiny", "32 px, for a CPU"}, {"toy", "Points", "A minute", true}};
  info.lights = {"trains", "explained"};
  return info;
}

class FakeCatalogue : public Catalogue {
 public:
  std::vector<SystemInfo> systems() const override { return {stylegan2(), edm()}; }
  Result<std::string> config(const std::string& system, const std::string& preset) const override {
    if (system != "stylegan2" && system != "edm") return JobError{ErrorCode::wrong_use, "There is no system of that name."};
    const bool tiny = preset == "tiny";
    return std::string(R"({"config": {"loss": {"r1_gamma": )") + (tiny ? "0.5" : "2.0") +
           R"(}, "network": {"architecture": "skip", "channel_base": )" + (tiny ? "1024" : "8192") + R"(, "channel_max": )" +
           (tiny ? "64" : "512") + R"(}, "train": {"batch": 16, "lr": 0.0025, "mirror": true}},
      "help": {"loss.r1_gamma": {"help": "Weight of the gradient penalty", "min": 0, "max": 1000}, "network.architecture": {"help": "How the layers are joined", "choices": ["skip", "resnet", "orig"]},
               "train.batch": {"help": "Pictures per step", "min": 1, "max": 4096}, "train.lr": {"help": "Adam's learning rate", "min": 0, "max": 1}, "train.mirror": {"help": "Half of the pictures are mirrored"}}})";
  }
};

// ---- controls ----

ControlSpec control(std::string id, std::string section, std::string label, ControlKind kind, Value neutral, std::string help) {
  ControlSpec spec;
  spec.id = std::move(id), spec.section = std::move(section), spec.label = std::move(label), spec.kind = kind,
  spec.neutral = std::move(neutral), spec.help = std::move(help);
  return spec;
}

std::vector<ControlSpec> controlsOf(int classes, bool everything, int snapshots) {
  std::vector<ControlSpec> list;
  auto add = [&list](ControlSpec spec) -> ControlSpec& { return list.emplace_back(std::move(spec)); };
  add(control("seed", "Latent", "Seed", ControlKind::seed, std::int64_t{0}, "The number that the latent is drawn from.")).animatable = false;
  add(control("latent.pad", "Latent", "Walk", ControlKind::latent_pad, std::vector<double>{0.0, 0.0},
              "Where the picture lies in latent space. Whole numbers are seeds; between them the latents mix."));
  add(control("latent.second", "Latent", "Second seed", ControlKind::seed, std::int64_t{1}, "The seed at the other end of Blend.")).animatable = false;
  add(control("latent.second_pad", "Latent", "Second walk", ControlKind::latent_pad, std::vector<double>{0.0, 0.0}, "Where the second point stands."))
      .simple = false;
  auto& second_blend = add(control("latent.blend", "Latent", "Blend", ControlKind::slider, 0.0, "How far to go from the first point to the second."));
  second_blend.min = 0, second_blend.max = 1;
  add(control("latent.space", "Latent", "Mix in", ControlKind::choice, std::string("z"),
              "The space in which neighbouring seeds are mixed."))
      .choices = {"z", "w", "z spherical"};
  auto& psi = add(control("truncation.psi", "Truncation", "Strength ψ", ControlKind::slider, 1.0,
                          "Pulls styles towards their mean: smaller is more ordinary, larger is stranger."));
  psi.min = -0.5, psi.max = 1.5, psi.step = 0.02;
  auto& cutoff = add(control("truncation.layers", "Truncation", "Layers", ControlKind::layer_range, std::vector<double>{0.0, 9.0},
                             "The layers that truncation acts on."));
  cutoff.min = 0, cutoff.max = 9, cutoff.step = 1, cutoff.simple = false;
  auto& mix =
      add(control("mix.amount", "Style mixing", "Amount", ControlKind::slider, 0.0, "How much of the second seed's style is taken."));
  mix.min = 0, mix.max = 1;
  add(control("mix.seed", "Style mixing", "Second seed", ControlKind::seed, std::int64_t{1}, "The seed that gives the styles."));
  auto& layers = add(control("mix.layers", "Style mixing", "Layers", ControlKind::layer_range, std::vector<double>{0.0, 9.0},
                             "The layers that take the second seed's style."));
  layers.min = 0, layers.max = 9, layers.step = 1;
  auto& blend = add(control("class.blend", "Classes", "Blend", ControlKind::class_blend, std::vector<double>{}, "How much of each class."));
  if (classes > 0) {
    for (const char* name : {"faces", "animals", "food", "travel", "objects", "symbols"}) blend.choices.emplace_back(name);
    blend.neutral = std::vector<double>(blend.choices.size(), 0.0);
    std::get<std::vector<double>>(blend.neutral)[0] = 1.0;
  } else {
    blend.unavailable = "This model has no classes.";
  }
  add(control("noise.mode", "Noise", "Noise", ControlKind::choice, std::string("constant"), "Fine detail that the style does not set."))
      .choices = {"none", "constant", "random"};
  auto& strength =
      add(control("noise.strength", "Noise", "Strength", ControlKind::slider, 1.0, "Multiplies the learned strength of the noise."));
  strength.min = 0, strength.max = 4, strength.step = 0.05, strength.unit = "×";
  for (int i = 1; i <= 6; ++i) {
    auto& direction = add(control("direction." + std::to_string(i), "Directions", "Direction " + std::to_string(i), ControlKind::slider,
                                  0.0, "One of the ways in which the styles vary most."));
    direction.min = -5, direction.max = 5, direction.step = 0.1, direction.unit = "σ", direction.simple = i <= 3;
  }
  auto& snapshot = add(control("snapshot", "Training", "Snapshot", ControlKind::integer, std::int64_t{snapshots},
                               "Goes back in training on the same latent."));
  snapshot.min = 0, snapshot.max = snapshots, snapshot.step = 1;
  if (snapshots < 2) snapshot.unavailable = "Only the last state of this model was kept.";
  if (everything) {
    add(control("transparent", "Picture", "Transparent", ControlKind::toggle, false, "Leaves the background away."));
    add(control("prompt", "Text", "Prompt", ControlKind::text, std::string(), "What should be seen."));
    add(control("mask", "Photo", "Mask", ControlKind::mask, std::string(), "White parts are painted anew.")).animatable = false;
    add(control("photo", "Photo", "Photo", ControlKind::photo, std::string(), "A picture to begin with.")).animatable = false;
    add(control("photo.strength", "Photo", "Strength", ControlKind::slider, 0.5, "How much of it is made anew."));
    add(control("schedule", "Sampler", "Schedule", ControlKind::curve, std::vector<double>{0, 0.25, 0.5, 0.75, 1},
                "Share of the steps spent at each noise level."));
    auto& sigma = add(control("sigma", "Sampler", "Sigma max", ControlKind::slider, 80.0, "The strongest noise."));
    sigma.min = 0.1, sigma.max = 200, sigma.logarithmic = true, sigma.step = 0.02;
  }
  return list;
}

// ---- models ----

class FakeModels : public Models {
 public:
  FakeModels(int denoiser_steps, bool tokens) {
    add("starter:emoji", "Emoji", 64, 0, false, 24);
    add("starter:glyphs", "Glyphs", 128, 6, false, 1);
    add("file:everything", "Everything", 256, 6, true, 8);
    if (tokens) models_.push_back(tokenModel());
    if (denoiser_steps <= 0) return;
    add("starter:denoiser", "Denoiser", 64, 0, false, 1);
    models_.back().system = "edm";
    models_.back().kind = Kind::denoiser;
    auto& steps = models_.back().controls.emplace_back(control("sampler.steps", "Sampler", "Steps", ControlKind::integer, std::int64_t{denoiser_steps}, "In how many steps the noise is taken away."));
    steps.min = 1, steps.max = 2000, steps.step = 1, steps.unit = "steps";
  }
  std::vector<ModelInfo> models() const override {
    std::lock_guard lock(mutex_);
    return {models_.begin(), models_.end()};
  }
  void open(const std::string& path, std::function<void(Result<ModelInfo>)> done) override {
    std::string name = path.substr(path.find_last_of('/') + 1);
    if (name.find("broken") != std::string::npos) {
      return done(JobError{ErrorCode::bad_input, "The file " + name + " is not a model.", "Nothing was changed.",
                           "Choose a .safetensors file.", "header length 9223372036854775807 is larger than the file"});
    }
    std::lock_guard lock(mutex_);
    add("file:" + path, name, 128, 0, false, 4);
    models_.back().path = path;
    done(models_.back());
  }
  void close(const std::string& id) override {
    std::lock_guard lock(mutex_);
    models_.remove_if([&](const ModelInfo& info) { return info.id == id; });
  }
  void set_listener(Listener listener) override {
    std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }
  void publish(const std::string& id, const std::string& name, double kimg, const std::string& path = {}) {
    std::lock_guard lock(mutex_);
    for (auto& info : models_) {
      if (info.id != id) continue;
      info.snapshots.push_back({kimg, {{"fd_efflite0", 80.0 / (1.0 + kimg)}}});
      info.controls = controlsOf(0, false, static_cast<int>(info.snapshots.size()));
      info.hash = id + std::to_string(info.snapshots.size());
      if (listener_) listener_(info);
      return;
    }
    add(id, name, 64, 0, false, 1);
    models_.back().path = path;
    if (listener_) listener_(models_.back());
  }

 private:
  void add(const std::string& id, const std::string& name, int px, int classes, bool everything, int snapshots) {
    ModelInfo info;
    info.id = id, info.name = name, info.system = "stylegan2", info.width_px = info.height_px = px, info.hash = "hash of " + id;
    info.size_bytes = std::int64_t{px} * px * 300;
    info.controls = controlsOf(classes, everything, snapshots);
    if (classes > 0) info.class_names = {"faces", "animals", "food", "travel", "objects", "symbols"};
    for (int i = 0; i < snapshots; ++i) info.snapshots.push_back({4.0 * (i + 1), {}});
    models_.push_back(info);
  }

  mutable std::mutex mutex_;
  std::list<ModelInfo> models_;
  Listener listener_;
};

// ---- views ----

class FakeView : public LiveView {
 public:
  FakeView(Options options, FakeModels& models, FakeTapes& tapes, std::uint64_t number, std::shared_ptr<Counters> counters, Live::OnFrame on_frame, Live::OnError on_error)
      : options_(options),
        models_(models),
        tapes_(tapes),
        number_(number),
        counters_(std::move(counters)),
        on_frame_(std::move(on_frame)),
        on_error_(std::move(on_error)),
        thread_([this](std::stop_token stop) { serve(stop); }) {}
  ~FakeView() override {
    thread_.request_stop();
    wake_.notify_all();
  }
  std::uint64_t show(const Request& request) override {
    std::lock_guard lock(mutex_);
    slot_ = request;
    if (counters_) ++counters_->requests;
    wake_.notify_all();
    return ++generation_;
  }

 private:
  void serve(std::stop_token stop) {
    while (!stop.stop_requested()) {
      Request request;
      Frame frame;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, stop, [this] { return slot_.has_value(); });
        if (!slot_) continue;
        request = *std::exchange(slot_, std::nullopt);
        frame.generation = generation_;
      }
      int px = options_.picture_px;
      for (const auto& info : models_.models()) {
        if (info.id == request.model) {
          px = px ? px : info.width_px;
          frame.model_hash = info.hash;
        }
      }
      if (frame.model_hash.empty()) {
        on_error_({ErrorCode::bad_input, "The model of this view is not open.", "The other views go on.", "Open the model again."});
        continue;
      }
      const auto start = std::chrono::steady_clock::now();
      if (request.model == "starter:denoiser" || isTokens(request)) {
        denoise(stop, request, frame, px);
        continue;
      }
      frame.image = drawRequest(request, px);
      if (options_.frame_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.frame_ms));
      frame.step = frame.steps = 1;
      frame.request = std::move(request);
      frame.render_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
      if (counters_) ++counters_->pictures;
      on_frame_(frame);
    }
  }

  // Step by step onto a tape, with previews; given up when a newer request waits.
  void denoise(std::stop_token stop, const Request& request, Frame& frame, int px) {
    Request whole = request;
    for (const auto& branch : request.branches) {
      for (const auto& [id, value] : branch.values) whole.values[id] = value;
    }
    const std::int64_t steps = whole.get<std::int64_t>("sampler.steps", isTokens(request) ? kTokenRounds : options_.denoiser_steps);
    frame.request = request;
    frame.steps = static_cast<int>(steps);
    frame.tape = tapes_.begin(number_, request, px);
    for (std::int64_t k = tapes_.known(frame.tape); k <= steps; ++k) {
      if (stop.stop_requested()) return;
      {
        const std::lock_guard lock(mutex_);
        if (slot_) return;
      }
      if (options_.step_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.step_ms));
      tapes_.add(frame.tape, {2 * k, fakeLevel(k, steps), 1.0, static_cast<double>(k * std::max(1, options_.step_ms))});
      if (k == 0 || k == steps || options_.step_ms == 0) continue;
      frame.step = static_cast<int>(k);
      frame.image = drawStep(request, px, k, fakeLevel(k, steps), TapeRow::prediction);
      on_frame_(frame);
    }
    tapes_.finish(frame.tape);
    frame.step = frame.steps;
    frame.image = drawRequest(Request{whole.model, whole.values}, px);
    frame.render_ms = static_cast<double>(steps * options_.step_ms);
    if (counters_) ++counters_->pictures;
    on_frame_(frame);
  }

  Options options_;
  FakeModels& models_;
  FakeTapes& tapes_;
  const std::uint64_t number_;
  std::shared_ptr<Counters> counters_;
  Live::OnFrame on_frame_;
  Live::OnError on_error_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<Request> slot_;
  std::uint64_t generation_ = 0;
  std::jthread thread_;
};

class FakeLive : public Live {
 public:
  FakeLive(Options options, FakeModels& models, FakeTapes& tapes, std::shared_ptr<Counters> counters)
      : options_(options), models_(models), tapes_(tapes), counters_(std::move(counters)) {}
  std::unique_ptr<LiveView> open_view(OnFrame on_frame, OnError on_error) override {
    return std::make_unique<FakeView>(options_, models_, tapes_, ++views_, counters_, std::move(on_frame), std::move(on_error));
  }

 private:
  Options options_;
  FakeModels& models_;
  FakeTapes& tapes_;
  std::uint64_t views_ = 0;
  std::shared_ptr<Counters> counters_;
};

// ---- jobs ----

class FakeJobs : public Jobs {
 public:
  FakeJobs(Options options, FakeModels& models, std::shared_ptr<Counters> counters)
      : options_(options), models_(models), counters_(std::move(counters)) {}
  ~FakeJobs() override {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
  }
  JobId submit(const JobSpec& spec) override {
    std::lock_guard lock(mutex_);
    const JobId id = ++last_;
    JobStatus& status = jobs_[id];
    status.id = id;
    describe(spec, status);
    const bool fails = fail(spec);
    threads_.emplace_back(
        [this, id, fails, train = status.kind == "train"](std::stop_token stop) { train ? this->train(stop, id) : work(stop, id, fails); });
    return id;
  }
  void say(JobId job, JobVerb verb) override {
    std::lock_guard lock(mutex_);
    verbs_[job] = verb;
    if (counters_) ++counters_->verbs;
  }
  std::vector<JobStatus> jobs() const override {
    std::lock_guard lock(mutex_);
    std::vector<JobStatus> list;
    for (const auto& [id, status] : jobs_) list.push_back(status);
    return list;
  }
  void set_listener(Listener listener) override {
    std::lock_guard lock(listener_mutex_);
    listener_ = std::move(listener);
  }
  void set_stats_listener(StatsListener listener) override {
    std::lock_guard lock(listener_mutex_);
    stats_listener_ = std::move(listener);
  }
  std::string command_for(const JobSpec& spec) const override {
    if (const auto* job = std::get_if<TrainJob>(&spec))
      return "orrery train --system " + job->options.system + " --data " + job->options.data + " --out " + job->options.out + " --preset " +
             job->options.preset;
    if (const auto* job = std::get_if<ImportJob>(&spec))
      return "orrery dataset import " + (job->options.sources.empty() ? std::string() : job->options.sources.front()) + " --out " +
             job->options.out;
    return "orrery";
  }

 private:
  void describe(const JobSpec& spec, JobStatus& status) {
    if (const auto* job = std::get_if<TrainJob>(&spec)) {
      status.kind = "train", status.title = job->options.system + " on " + job->options.data, status.result_path = job->options.out;
    } else if (const auto* job = std::get_if<ImportJob>(&spec)) {
      status.kind = "import", status.title = "Import " + std::to_string(job->options.sources.size()) + " sources",
      status.result_path = job->options.out;
    } else if (std::holds_alternative<MeasureJob>(spec)) {
      status.kind = "measure", status.title = "Measure";
    } else if (std::holds_alternative<AttachJob>(spec)) {
      status.kind = "train", status.title = "Attached run", status.result_path = std::get<AttachJob>(spec).run;
    } else {
      status.kind = "export", status.title = "Export";
    }
  }
  static bool fail(const JobSpec& spec) {
    const auto* job = std::get_if<ImportJob>(&spec);
    return job && !job->options.sources.empty() && job->options.sources.front().find("broken") != std::string::npos;
  }
  template <class Change>
  void update(JobId id, Change change) {
    JobStatus status;
    {
      std::lock_guard lock(mutex_);
      change(jobs_[id]);
      status = jobs_[id];
    }
    std::lock_guard lock(listener_mutex_);
    if (listener_) listener_(status);
  }
  std::optional<JobVerb> take(JobId id) {
    std::lock_guard lock(mutex_);
    const auto found = verbs_.find(id);
    if (found == verbs_.end()) return std::nullopt;
    const JobVerb verb = found->second;
    verbs_.erase(found);
    return verb;
  }
  void rest(std::stop_token stop, int ms) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double, std::milli>(ms / options_.job_speed);
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(2ms);
  }

  void work(std::stop_token stop, JobId id, bool fails) {
    update(id, [](JobStatus& s) { s.state = JobState::preparing, s.message = "Looking"; });
    rest(stop, 100);
    for (int i = 0; i <= 40 && !stop.stop_requested(); ++i) {
      if (const auto verb = take(id); verb && (*verb == JobVerb::cancel || *verb == JobVerb::stop_without_saving))
        return update(id, [](JobStatus& s) { s.state = JobState::cancelled; });
      if (fails && i == 5) {
        return update(id, [](JobStatus& s) {
          s.state = JobState::failed;
          s.error = JobError{ErrorCode::disk_full, "The disk is full.",
                             "The pictures imported so far were not kept; the originals are untouched.",
                             "Free 2.1 GB, or choose another place.", "write: No space left on device (28)"};
        });
      }
      update(id, [i, this](JobStatus& s) {
        s.state = JobState::running, s.fraction = i / 40.0, s.eta_s = (40 - i) * 0.05 / options_.job_speed,
        s.message = std::to_string(i * 25) + " of 1000";
        s.numbers = {{"seen", i * 25.0}, {"taken", i * 24.0}, {"skipped", i * 1.0}};
      });
      rest(stop, 50);
    }
    update(id, [](JobStatus& s) { s.state = JobState::done, s.fraction = 1.0, s.eta_s.reset(); });
  }

  void train(std::stop_token stop, JobId id) {
    update(id, [](JobStatus& s) { s.state = JobState::preparing, s.message = "Reading the data"; });
    rest(stop, 200);
    bool paused = false;
    std::string folder;
    update(id, [&](JobStatus& s) { folder = s.result_path; });
    const std::string model = "run:" + (folder.empty() ? std::to_string(id) : folder);
    models_.publish(model, "Run " + std::to_string(id), 0.0, folder);
    double kimg = 0.0;
    for (int step = 0; step < 4000 && !stop.stop_requested(); ++step) {
      if (const auto verb = take(id)) {
        if (*verb == JobVerb::pause) paused = true, update(id, [](JobStatus& s) { s.state = JobState::paused, s.message = "Paused"; });
        if (*verb == JobVerb::resume) paused = false;
        if (*verb == JobVerb::save_now || *verb == JobVerb::sample_now) models_.publish(model, "", kimg);
        if (*verb == JobVerb::stop_and_save) {
          update(id, [](JobStatus& s) { s.state = JobState::finishing, s.message = "Saving"; });
          rest(stop, 300);
          return update(id, [](JobStatus& s) { s.state = JobState::done; });
        }
        if (*verb == JobVerb::stop_without_saving || *verb == JobVerb::cancel)
          return update(id, [](JobStatus& s) { s.state = JobState::cancelled; });
      }
      if (paused) {
        rest(stop, 30);
        --step;
        continue;
      }
      kimg = step * 0.05;
      const double wobble = hashed(step, static_cast<std::int64_t>(id), 7) - 0.5;
      StatsPoint point{step,
                       kimg,
                       step * 0.25,
                       {{"loss.g", 1.1 + 0.6 * std::exp(-kimg / 8) + 0.2 * wobble},
                        {"loss.d", 0.9 - 0.3 * std::exp(-kimg / 5) + 0.15 * wobble},
                        {"ada.p", std::min(0.4, kimg * 0.004)},
                        {"img_per_s", 190.0 + 12 * wobble}}};
      if (step % 20 == 0) point.values["fd_efflite0"] = 12.0 + 80.0 * std::exp(-kimg / 20) + 2 * wobble;
      {
        std::lock_guard lock(listener_mutex_);
        if (stats_listener_) stats_listener_(id, point);
      }
      update(id, [&](JobStatus& s) {
        s.state = JobState::running, s.fraction = step / 4000.0, s.eta_s = (4000 - step) * 0.25, s.message = "Training";
        s.numbers = {{"kimg", kimg}, {"img_per_s", point.values["img_per_s"]}, {"memory_mb", 812.0}};
      });
      if (step % 40 == 39) models_.publish(model, "", kimg);
      rest(stop, 50);
    }
    update(id, [](JobStatus& s) { s.state = JobState::done, s.fraction = 1.0; });
  }

  Options options_;
  FakeModels& models_;
  std::shared_ptr<Counters> counters_;
  mutable std::mutex mutex_;
  std::mutex listener_mutex_;
  std::map<JobId, JobStatus> jobs_;
  std::map<JobId, JobVerb> verbs_;
  JobId last_ = 0;
  Listener listener_;
  StatsListener stats_listener_;
  std::list<std::jthread> threads_;
};

// ---- data and recipes ----

class FakeDatasets : public Datasets {
 public:
  Result<DatasetInfo> info(const std::string& store) const override {
    const bool builtin = store.rfind("builtin:", 0) == 0;
    if (!builtin && (store.size() < 4 || store.substr(store.size() - 4) != ".zip"))
      return JobError{ErrorCode::bad_input, "This is not a dataset.", "Nothing was changed.", "Drop a folder of pictures."};
    DatasetInfo info;
    info.path = store;
    info.name = builtin ? store.substr(8) : store.substr(store.find_last_of('/') + 1);
    info.seen = 1424, info.taken = 1400, info.skipped = 24;
    info.width_px = info.height_px = 64;
    if (store.rfind("builtin:toy-", 0) == 0) {
      info.channels = info.width_px = info.height_px = 0;
      return info;
    }
    info.class_names = {"faces", "animals", "food", "travel", "objects", "symbols"};
    info.class_counts = {420, 180, 160, 240, 260, 140};
    info.problems = {{"IMG_0231.jpg", "The file is truncated after 12 kB.", false},
                     {"scan.tif", "CMYK was converted to sRGB with its profile.", true},
                     {"notes.txt", "Not a picture.", false}};
    return info;
  }
  Result<DeviceImage> picture(const std::string&, std::int64_t index) const override {
    return drawRequest(Request{"starter:emoji", {{"latent.pad", std::vector<double>{static_cast<double>(index), 3.0}}}}, 64);
  }
  Result<DeviceImage> augmented(const std::string&, std::int64_t index, double p, int count, std::uint64_t seed) const override {
    auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(64) * 64 * count * 4);
    for (int i = 0; i < count; ++i) {
      const double amount = p * hashed(static_cast<std::int64_t>(seed), i, 3);
      const DeviceImage one = drawRequest(
          Request{"",
                  {{"latent.pad", std::vector<double>{static_cast<double>(index) + amount, 3.0}}, {"noise.strength", 1.0 + 10 * amount}}},
          64);
      for (int row = 0; row < 64; ++row)
        std::memcpy(pixels->data() + (static_cast<std::size_t>(row) * count + i) * 64 * 4,
                    static_cast<const std::uint8_t*>(one.data) + row * one.stride_bytes, 64 * 4);
    }
    return DeviceImage{DeviceImage::Where::host, pixels->data(), 64 * count, 64, static_cast<std::size_t>(64) * count * 4, nullptr, pixels};
  }
};

class FakeRecipes : public Recipes {
 public:
  Result<Recipe> read(const std::string& path) const override {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    const auto mark = text.str().find(kRecipeMark);
    if (mark == std::string::npos)
      return JobError{ErrorCode::bad_input, "The file carries no recipe.", "Nothing was changed.", "Drop a picture that Orrery exported."};
    auto request = request_from_json(text.str().substr(mark + std::strlen(kRecipeMark)));
    if (!request) return request.error();
    Recipe recipe;
    recipe.json = text.str().substr(mark + std::strlen(kRecipeMark));
    recipe.timeline.base = request.value();
    recipe.model_hash = "hash of " + request.value().model;
    return recipe;
  }
};

// Takes PNGs as they are.
class FakePictures : public Pictures {
 public:
  Result<std::string> value_of_file(const std::string& path, ControlKind kind, int, int) const override {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    const std::string bytes = text.str(), name = path.substr(path.find_last_of('/') + 1);
    if (bytes.compare(0, 4, "\x89PNG") != 0)
      return JobError{ErrorCode::bad_input, name + " cannot be used as a " + (kind == ControlKind::mask ? "mask" : "photo") + ": it is not a picture.", "The last picture stays.", "Choose another picture."};
    constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out = "data:image/png;base64,";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      unsigned group = 0;
      for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
      for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63u] : '=';
    }
    return out;
  }
};

}  // namespace

DeviceImage drawRequest(const Request& request, int size) {
  if (isTokens(request)) return drawTokens(request, size, kTokenRounds);
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(size) * size * 4);
  shade(faceOf(request), size, pixels->data());
  return {DeviceImage::Where::host, pixels->data(), size, size, static_cast<std::size_t>(size) * 4, nullptr, pixels};
}

void writeRecipeFile(const std::string& path, const Request& request) {
  std::ofstream(path, std::ios::binary) << "\x89PNG picture " << kRecipeMark << request_to_json(request);
}

std::unique_ptr<Studio> makeStudio(const Options& options, std::shared_ptr<Counters> counters) {
  auto studio = std::make_unique<Studio>();
  studio->catalogue = std::make_unique<FakeCatalogue>();
  auto models = std::make_unique<FakeModels>(options.denoiser_steps, options.tokens);
  auto tapes = std::make_unique<FakeTapes>();
  studio->live = std::make_unique<FakeLive>(options, *models, *tapes, counters);
  studio->tokens = std::make_unique<FakeTokens>(*tapes);
  studio->tapes = std::move(tapes);
  studio->jobs = std::make_unique<FakeJobs>(options, *models, counters);
  studio->models = std::move(models);
  studio->datasets = std::make_unique<FakeDatasets>();
  studio->recipes = std::make_unique<FakeRecipes>();
  studio->pictures = std::make_unique<FakePictures>();
  studio->device = "CPU, 2 threads";
  return studio;
}

}  // namespace orrery::fake

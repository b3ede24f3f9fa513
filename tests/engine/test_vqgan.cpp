// VQGAN's and MaskGIT's tokenizers, their discriminators and loss, the perceptual distance.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <QTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/features/vgg16.h"
#include "engine/io/module_weights.h"
#include "engine/nn/vqgan_discriminators.h"
#include "engine/parity/case.h"
#include "engine/tokens/vqgan_loss.h"
#include "engine/tokens/vqgan_tokenizer.h"

using namespace orrery;
using namespace orrery::tokens;

namespace {

VqganTokenizerOptions tiny(nn::VqganOptions::Style style) {
  VqganTokenizerOptions o;
  o.networks.style = style;
  o.networks.width = 32;
  o.networks.multipliers = {1, 2};
  o.networks.blocks = 1;
  o.networks.resolution_px = 16;
  o.networks.latent_channels = 6;
  o.networks.attention_px = {8};
  o.codes = 12;
  o.dim = style == nn::VqganOptions::Style::maskgit ? 6 : 4;
  return o;
}

std::shared_ptr<VqganTokenizer> network(const VqganTokenizerOptions& o) {
  const auto net = std::make_shared<VqganTokenizer>(o);
  nn::reset_all(*net, Rng(8));
  return net;
}

at::Tensor pictures(std::int64_t n, std::int64_t h, std::int64_t w) { return Rng(2).uniform({n, 3, h, w}, at::kFloat).mul(2.0).sub(1.0); }

std::map<std::string, at::Tensor> made_up_vgg(bool shift_tolerant) {
  std::map<std::string, at::Tensor> weights;
  const std::vector<std::vector<int>> usual{{0, 2}, {5, 7}, {10, 12, 14}, {17, 19, 21}, {24, 26, 28}}, blurred{{0, 2}, {6, 8}, {12, 14, 16}, {20, 22, 24}, {28, 30, 32}};
  const std::int64_t widths[] = {64, 128, 256, 512, 512};
  std::int64_t in = 3;
  Rng rng(4);
  for (std::size_t s = 0; s < 5; ++s) {
    const std::string slice = "net.slice" + std::to_string(s + 1) + ".";
    for (const int number : (shift_tolerant ? blurred : usual)[s]) {
      weights[slice + std::to_string(number) + ".weight"] = rng.normal({widths[s], in, 3, 3}, at::kFloat) * std::sqrt(2.0 / (9.0 * static_cast<double>(in)));
      weights[slice + std::to_string(number) + ".bias"] = at::zeros({widths[s]});
      in = widths[s];
    }
    if (shift_tolerant && s > 0) weights[slice + "5.filt"] = at::zeros({1});
    weights["lin" + std::to_string(s) + ".model.1.weight"] = rng.uniform({1, in, 1, 1}, at::kFloat);
  }
  return weights;
}

}  // namespace

class TestVqgan : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    for (const std::string name : {"discriminator", "vqgan_discriminator_actnorm", "vqgan_discriminator_bn", "tokenizer_conv_ln"}) {
      std::vector<std::string> unknown;
      const auto reports = parity::run_folder(std::string(ORRERY_TEST_DIR "/vectors/maskgit/") + name, "cpu", unknown);
      QCOMPARE(reports.size(), std::size_t{1});
      for (const auto& line : reports[0].lines) QVERIFY2(line.ok, (name + ": " + line.name + " " + line.note).c_str());
      QVERIFY2(reports[0].ok, reports[0].error.c_str());
    }
  }

  void contract() {
    const at::NoGradGuard no_grad;
    for (const auto style : {nn::VqganOptions::Style::maskgit, nn::VqganOptions::Style::vqgan}) {
      const auto net = network(tiny(style));
      const AutoencoderShape shape = net->shape();
      QCOMPARE(shape.levels.front().factor, std::int64_t{2});
      const at::Tensor z = net->encode(pictures(2, 16, 12)).at(0);
      QCOMPARE(z.sizes().vec(), (std::vector<std::int64_t>{2, net->options().dim, 8, 6}));
      QCOMPARE(net->decode({z}).sizes().vec(), (std::vector<std::int64_t>{2, 3, 16, 12}));
      QCOMPARE(net->codebook().sizes().vec(), (std::vector<std::int64_t>{12, net->options().dim}));
    }
    auto o = tiny(nn::VqganOptions::Style::maskgit);
    o.networks.width = 24;
    QVERIFY_THROWS_EXCEPTION(Error, VqganTokenizer{o});
  }

  // The average pool of an odd size counts real pixels only; strided convolutions round up too.
  void oddSizesRoundUp() {
    const at::NoGradGuard no_grad;
    for (const bool strided : {false, true}) {
      auto o = tiny(nn::VqganOptions::Style::maskgit);
      o.networks.strided_down = strided;
      QCOMPARE(network(o)->encode(pictures(1, 7, 9)).at(0).sizes().vec(), (std::vector<std::int64_t>{1, 6, 4, 5}));
    }
  }

  void flaxNamesGoThereAndBack() {
    for (const bool strided : {false, true}) {
      auto o = tiny(nn::VqganOptions::Style::maskgit);
      o.networks.strided_down = strided;
      o.networks.layer_norm = strided;
      const auto net = network(o);
      const auto own = io::named_weights(*net);
      const auto flax = nn::vqgan_to_flax(own, o.networks);
      QCOMPARE(flax.at("params/encoder/ResBlock_1/Conv_2/kernel").sizes().vec(), (std::vector<std::int64_t>{1, 1, 64, 64}));
      const auto back = nn::vqgan_from_flax(flax, o.networks);
      QCOMPARE(back.size(), own.size());
      for (const auto& [name, tensor] : own) QVERIFY2(tensor.equal(back.at(name)), name.c_str());
    }
  }

  // Straight through: the decoder's derivative reaches the latents unchanged.
  void straightThroughIsTheIdentity() {
    const auto net = network(tiny(nn::VqganOptions::Style::maskgit));
    const at::Tensor z = to_rows(Rng(1).normal({1, 6, 4, 4}, at::kFloat)).requires_grad_(true);
    const Quantized q = net->quantizer().quantize(z);
    const at::Tensor leaf = q.looked_up.detach().requires_grad_(true);
    const at::Tensor a = net->pictures(to_maps(q.vectors)).square().sum(), b = net->pictures(to_maps(leaf)).square().sum();
    const at::Tensor through = torch::autograd::grad({a}, {z})[0], direct = torch::autograd::grad({b}, {leaf})[0];
    QVERIFY((through - direct).abs().max().item<double>() <= 1e-5 * direct.abs().max().item<double>());
  }

  void adaptiveWeight() {
    const at::Tensor w = Rng(1).normal({3, 4}, at::kDouble).requires_grad_(true);
    const at::Tensor nll = (w * 3.0).sum(), adversarial = (w * 0.5).sum();
    QVERIFY(std::abs(adaptive_weight(nll, adversarial, w).item<double>() - 3.0 * std::sqrt(12.0) / (0.5 * std::sqrt(12.0) + 1e-4)) < 1e-9);
    QCOMPARE(adaptive_weight(nll, w.sum() * 1e-12, w).item<double>(), 1e4);
    QVERIFY(!adaptive_weight(nll, adversarial, w).requires_grad());
  }

  void batchNormLearnsOnlyInTraining() {
    nn::PatchDiscriminatorOptions o;
    o.width = 4;
    o.layers = 2;
    const auto own = std::make_shared<nn::PatchDiscriminator>(o);
    auto& d = *own;
    nn::reset_all(d, Rng(1));
    const at::Tensor x = pictures(2, 16, 16);
    d.eval();
    const auto mean = [&] { return io::named_weights(d).at("main.3.running_mean").clone(); };
    const at::Tensor before = mean();
    d.forward(x);
    QVERIFY(mean().equal(before));
    d.train();
    d.forward(x);
    QVERIFY(!mean().equal(before));
  }

  // A distance: zero for equal pictures, even, larger for what differs more; small and grey pictures are taken too.
  void perceptualDistance() {
    for (const bool shift_tolerant : {true, false}) {
      const features::PerceptualDistance distance(made_up_vgg(shift_tolerant));
      QCOMPARE(distance.shift_tolerant(), shift_tolerant);
      const at::Tensor x = pictures(1, 32, 32), y = pictures(1, 32, 32).flip(3), nearer = x * 0.9 + y * 0.1;
      const at::NoGradGuard no_grad;
      QCOMPARE(distance.between(x, x).sizes().vec(), (std::vector<std::int64_t>{1, 1, 1, 1}));
      QCOMPARE(distance.between(x, x).item<double>(), 0.0);
      const double far = distance.between(x, y).item<double>(), near = distance.between(x, nearer).item<double>();
      QVERIFY(far > near && near > 0.0);
      QVERIFY(std::abs(distance.between(y, x).item<double>() - far) < 1e-4 * far);
      QVERIFY(distance.between(x.narrow(1, 0, 1).narrow(2, 0, 16).narrow(3, 0, 16), y.narrow(1, 0, 1).narrow(2, 0, 16).narrow(3, 0, 16)).item<double>() > 0.0);
    }
    auto wrong = made_up_vgg(false);
    wrong.erase("net.slice3.12.bias");
    QVERIFY_THROWS_EXCEPTION(Error, features::PerceptualDistance{wrong});
  }

  void perceptualDistanceHasAGradient() {
    const features::PerceptualDistance distance(made_up_vgg(true));
    const at::Tensor x = pictures(1, 32, 32).requires_grad_(true), y = pictures(1, 32, 32).flip(2);
    const at::Tensor slope = torch::autograd::grad({distance.between(x, y).sum()}, {x})[0];
    QVERIFY(slope.isfinite().all().item<bool>() && slope.abs().max().item<double>() > 0.0);
    // Black pictures too, where whole maps are zero.
    const at::Tensor black = at::zeros({1, 3, 32, 32}).requires_grad_(true);
    QVERIFY(torch::autograd::grad({distance.between(black, y).sum()}, {black})[0].isfinite().all().item<bool>());
  }
};

QTEST_GUILESS_MAIN(TestVqgan)
#include "test_vqgan.moc"

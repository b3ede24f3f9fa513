#include "engine/io/module_weights.h"
#include "engine/nn/diffusion_unet.h"
#include "engine/parity/arguments.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using diffusion::Precondition;
using Json = nlohmann::json;

void read_common(parity::Arguments& args, nn::UNetOptions& o, bool wide) {
  args.read("img_resolution", o.resolution_px);
  std::int64_t channels = 3;
  args.read("img_channels", channels);
  o.in_channels = channels;
  o.out_channels = wide ? 2 * channels : channels;
  args.read("label_dim", o.label_dim);
  args.read("augment_dim", o.augment_dim);
  args.read("model_channels", o.model_channels);
  args.read("channel_mult", o.channel_mult);
  args.read("channel_mult_emb", o.channel_mult_emb);
  args.read("num_blocks", o.num_blocks);
  args.read("attn_resolutions", o.attn_resolutions);
  args.read("dropout", o.dropout);
  // Of the loss, the sampler or the loop.
  for (const char* other : {"model_type", "grad_order", "param_order", "label_dropout", "precond", "runs", "optimizer", "batch_size", "lr_rampup_kimg",
                            "ema_halflife_kimg", "ema_rampup_ratio", "weights_case", "weights_cases"})
    args.ignore(other);
}

std::shared_ptr<nn::RawNetwork> song(const Json& json, bool wide) {
  using Options = nn::SongUNetOptions;
  Options o;
  parity::Arguments args(json, "args");
  read_common(args, o, wide);
  std::string embedding = "positional", encoder = "standard", decoder = "standard";
  args.read("embedding_type", embedding);
  args.read("encoder_type", encoder);
  args.read("decoder_type", decoder);
  args.read("channel_mult_noise", o.channel_mult_noise);
  args.read("resample_filter", o.resample_filter);
  args.done();
  const auto bad = [](const std::string& what) { return Error(ErrorCode::bad_input, what + " is not known here."); };
  if (embedding != "positional" && embedding != "fourier") throw bad("embedding_type " + embedding);
  if (encoder != "standard" && encoder != "skip" && encoder != "residual") throw bad("encoder_type " + encoder);
  if (decoder != "standard" && decoder != "skip") throw bad("decoder_type " + decoder);
  o.embedding = embedding == "fourier" ? Options::Embedding::fourier : Options::Embedding::positional;
  o.encoder = encoder == "skip" ? Options::Encoder::skip : encoder == "residual" ? Options::Encoder::residual : Options::Encoder::standard;
  o.decoder = decoder == "skip" ? Options::Decoder::skip : Options::Decoder::standard;
  return std::make_shared<nn::SongUNet>(o);
}

std::shared_ptr<nn::RawNetwork> dhariwal(const Json& json, bool wide) {
  nn::UNetOptions o;
  o.model_channels = 192;
  o.channel_mult = {1, 2, 3, 4};
  o.num_blocks = 3;
  o.attn_resolutions = {32, 16, 8};
  parity::Arguments args(json, "args");
  read_common(args, o, wide);
  args.done();
  return std::make_shared<nn::DhariwalUNet>(o);
}

}  // namespace

Precondition precondition_in(const std::string& text) {
  if (text.find("VPPrecond") != std::string::npos) return Precondition::vp;
  if (text.find("VEPrecond") != std::string::npos) return Precondition::ve;
  if (text.find("iDDPMPrecond") != std::string::npos) return Precondition::iddpm;
  return Precondition::edm;
}

std::shared_ptr<nn::RawNetwork> network_from_args(const Json& args, Precondition kind) {
  const bool usual_song = kind == Precondition::vp || kind == Precondition::ve;
  const std::string type = args.value("model_type", usual_song ? "SongUNet" : "DhariwalUNet");
  const bool wide = kind == Precondition::iddpm;
  if (type == "SongUNet") return song(args, wide);
  if (type == "DhariwalUNet") return dhariwal(args, wide);
  throw Error(ErrorCode::bad_input, "model_type " + type + " is not known here.");
}

std::shared_ptr<diffusion::PreconditionedDenoiser> denoiser_from_args(const Json& args, Precondition kind, std::shared_ptr<nn::RawNetwork> network) {
  DenoiserShape shape;
  const auto side = args.value("img_resolution", std::int64_t{32});
  shape.sample = {args.value("img_channels", std::int64_t{3}), side, side};
  shape.classes = args.value("label_dim", std::int64_t{0});
  shape.augment_dim = args.value("augment_dim", std::int64_t{0});
  diffusion::PreconditionOptions options;
  options.kind = kind;
  return std::make_shared<diffusion::PreconditionedDenoiser>(std::move(network), options, shape);
}

std::shared_ptr<diffusion::PreconditionedDenoiser> loaded_denoiser(const parity::Case& reference, Precondition kind, at::ScalarType type) {
  const auto net = denoiser_from_args(reference.args(), kind, network_from_args(reference.args(), kind));
  const auto& weights = reference.weights.empty() && !reference.other_weights.empty() ? reference.other_weights.begin()->second : reference.weights;
  io::load_weights(*net, weights);
  net->to(at::Device(reference.device));
  net->to(type);
  return net;
}

at::Tensor input(const parity::Case& reference, const std::string& name, at::ScalarType type) {
  return reference.has(name) ? reference.in(name).to(type) : at::Tensor();
}

}  // namespace orrery::edm

#include "ui/controls/editor.h"

#include "ui/controls/class_blend.h"
#include "ui/controls/curve_editor.h"
#include "ui/controls/layer_range.h"
#include "ui/controls/pad_editor.h"
#include "ui/controls/picture_editor.h"
#include "ui/controls/simple_editors.h"
#include "ui/controls/token_grid_editor.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

QString broken(const QString& text, int width) {
  QString out;
  int column = 0;
  for (const QString& word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    if (column > 0 && column + word.size() + 1 > width) out += QLatin1Char('\n'), column = 0;
    if (column > 0) out += QLatin1Char(' '), ++column;
    out += word;
    column += static_cast<int>(word.size());
  }
  return out;
}

}  // namespace

Editor* makeEditor(const ControlSpec& spec, QWidget* parent) {
  Editor* editor = nullptr;
  switch (spec.kind) {
    case ControlKind::slider:
    case ControlKind::integer:
      editor = new NumberEditor(parent);
      break;
    case ControlKind::toggle:
      editor = new ToggleEditor(parent);
      break;
    case ControlKind::choice:
      editor = new ChoiceEditor(parent);
      break;
    case ControlKind::seed:
      editor = new SeedEditor(parent);
      break;
    case ControlKind::latent_pad:
      editor = new PadEditor(parent);
      break;
    case ControlKind::class_blend:
      editor = new ClassBlendEditor(parent);
      break;
    case ControlKind::layer_range:
      editor = new LayerRangeEditor(parent);
      break;
    case ControlKind::text:
      editor = new TextEditor(parent);
      break;
    case ControlKind::mask:
    case ControlKind::photo:
      editor = new PictureEditor(spec.kind, parent);
      break;
    case ControlKind::curve:
      editor = new CurveEditor(parent);
      break;
    case ControlKind::token_grid:
      editor = new TokenGridEditor(parent);
      break;
  }
  editor->setSpec(spec);
  return editor;
}

QString valueText(const ControlSpec& spec, const Value& value) {
  const QString unit = QString::fromStdString(spec.unit);
  if (const auto* on = std::get_if<bool>(&value)) return *on ? Editor::tr("on") : Editor::tr("off");
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return withUnit(formatNumber(static_cast<double>(*whole), 0), unit);
  if (const auto* number = std::get_if<double>(&value)) return withUnit(formatNumber(*number, decimalsFor(spec.step)), unit);
  if (const auto* text = std::get_if<std::string>(&value); text && !text->empty() && (spec.kind == ControlKind::photo || spec.kind == ControlKind::mask))
    return Editor::tr("a picture");
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty() ? Editor::tr("none") : QString::fromStdString(*text);
  const auto& list = std::get<std::vector<double>>(value);
  if (spec.kind == ControlKind::token_grid) return list.empty() ? Editor::tr("none") : Editor::tr("%1 pinned").arg(pinnedIn(list));
  if (spec.kind == ControlKind::layer_range && list.size() == 2) return Editor::tr("%1 to %2").arg(list[0]).arg(list[1]);
  if (spec.kind == ControlKind::latent_pad && list.size() == 2)
    return QStringLiteral("%1, %2").arg(formatNumber(list[0], 2), formatNumber(list[1], 2));
  return Editor::tr("%n numbers", nullptr, static_cast<int>(list.size()));
}

QString toolTipOf(const ControlSpec& spec) {
  if (!spec.unavailable.empty()) return broken(QString::fromStdString(spec.unavailable), 56);
  QStringList lines{broken(QString::fromStdString(spec.help), 56)};
  const QString unit = QString::fromStdString(spec.unit);
  const int decimals = decimalsFor(spec.step);
  if (spec.kind == ControlKind::slider || spec.kind == ControlKind::integer || spec.kind == ControlKind::layer_range) {
    lines << Editor::tr("From %1 to %2.").arg(formatNumber(spec.min, decimals), withUnit(formatNumber(spec.max, decimals), unit));
  }
  lines << Editor::tr("Default: %1. Double-click resets.").arg(valueText(spec, spec.neutral));
  if (spec.kind == ControlKind::slider || spec.kind == ControlKind::latent_pad) lines << Editor::tr("Shift: fine. Ctrl: coarse.");
  return lines.join(QLatin1Char('\n'));
}

}  // namespace orrery::ui

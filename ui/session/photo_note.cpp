#include "ui/session/photo_note.h"

#include <QFileInfo>
#include <QImage>
#include <QImageReader>
#include <QLocale>
#include <algorithm>

#include "engine/api/error_scale.h"
#include "ui/session/session.h"
#include "ui/widgets/picture_value.h"

namespace orrery::ui {
namespace {

constexpr int kRestMs = 250;  // not while a stroke is painted

QString sizeText(const QSize& px) { return QStringLiteral("%1 × %2").arg(QLocale().toString(px.width()), QLocale().toString(px.height())); }

bool isEmptyMask(const Value& value) {
  const QImage mask = imageOfValue(value).convertToFormat(QImage::Format_Grayscale8);
  for (int y = 0; y < mask.height(); ++y) {
    const uchar* row = mask.constScanLine(y);
    if (std::any_of(row, row + mask.width(), [](uchar grey) { return grey >= 128; })) return false;
  }
  return !mask.isNull();
}

}  // namespace

QString resizeNote(const QString& path, const QSize& wanted_px) {
  const QSize px = QImageReader(path).size();
  if (px == wanted_px) return {};
  const QString name = QFileInfo(path).fileName();
  if (!px.isValid()) return KeptNotes::tr("%1 is cropped and resized to %2 pixels.").arg(name, sizeText(wanted_px));
  return KeptNotes::tr("%1 had %2 pixels and is cropped and resized to %3.").arg(name, sizeText(px), sizeText(wanted_px));
}

const ControlSpec* missingPhoto(const Session& session, const ControlSpec& spec, int view) {
  const ModelInfo* model = view < 0 ? session.model() : session.model(view);
  if (!model || spec.kind == ControlKind::mask) return nullptr;
  for (const auto& photo : model->controls) {
    if (photo.kind == ControlKind::photo && photo.unavailable.empty() && spec.id.starts_with(photo.id + ".") && session.isNeutral(photo.id, view)) return &photo;
  }
  return nullptr;
}

QString errorScale(const Session& session, int view) {
  const ControlSpec* photo = session.firstOfKind(ControlKind::photo, view);
  if (!photo || session.isNeutral(photo->id, view)) return {};
  const auto& values = session.request(view).values;
  const auto shown = values.find(photo->id + ".show");
  if (shown == values.end() || shown->second != Value(std::string(kErrorMap))) return {};
  return KeptNotes::tr("Error of the reconstruction: black 0, white %1 % or more").arg(kErrorWhite * 100.0);
}

KeptNotes::KeptNotes(Session& session) : QObject(&session), session_(session) {
  later_.setSingleShot(true);
  later_.setInterval(kRestMs);
  connect(&later_, &QTimer::timeout, this, &KeptNotes::look);
  const auto soon = [this] { later_.start(); };
  connect(&session_, &Session::requestChanged, this, [this, soon](int view) {
    if (view == session_.activeView()) soon();
  });
}

void KeptNotes::look() {
  QString now;
  const ControlSpec *photo = session_.firstOfKind(ControlKind::photo), *mask = session_.firstOfKind(ControlKind::mask), *grid = session_.firstOfKind(ControlKind::token_grid);
  if (grid) {
    const auto pins = session_.request().get<std::vector<double>>(grid->id, {});
    if (!pins.empty() && std::none_of(pins.begin(), pins.end(), [](double code) { return code < 0.0; }))
      now = tr("All tokens are pinned: nothing is left to make. Let go of some in the Tokens panel or on the picture (T).");
  }
  if (now.isEmpty() && photo && mask && !session_.isNeutral(photo->id) && !session_.isNeutral(mask->id) && isEmptyMask(session_.value(mask->id)))
    now = tr("The mask is empty: nothing is made anew, the photo stays as it is. Paint it on the picture (B).");
  if (!now.isEmpty() && now != said_) session_.say(now);
  said_ = now;
}

}  // namespace orrery::ui

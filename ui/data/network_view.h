// What the network will see of a store: the pictures as they are stored, mirrored, and what augmentation of strength p makes of them (the
// leak view: where the draws look like another kind of picture, a generator would learn that kind too).
#pragma once

#include <QImage>
#include <QTimer>
#include <QWidget>

#include "ui/session/session.h"

class QCheckBox;
class QLabel;
class QSpinBox;

namespace orrery::ui {

class CurrentData;
class ValueSlider;

// Pictures in a row, pixels kept sharp.
class PictureRow : public QWidget {
  Q_OBJECT

 public:
  explicit PictureRow(int height_px, QWidget* parent = nullptr);
  void setPictures(const QVector<QImage>& pictures);
  void setNote(const QString& note);  // instead of pictures
  const QVector<QImage>& pictures() const { return pictures_; }

  QSize sizeHint() const override { return {320, height_px_}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QVector<QImage> pictures_;
  QString note_;
  int height_px_;
};

class NetworkView : public QWidget {
  Q_OBJECT

 public:
  static constexpr int kDraws = 8;

  explicit NetworkView(Session& session, QWidget* parent = nullptr);

  PictureRow& stored() { return *stored_; }
  PictureRow& augmented() { return *augmented_; }
  // Why there are no augmented draws; empty when there are.
  const QString& reason() const { return reason_; }

 private:
  void refreshStored();
  void refreshAugmented();

  Session& session_;
  CurrentData& data_;
  QSpinBox* index_;
  QLabel* of_;
  QCheckBox* mirror_;
  ValueSlider* strength_;
  QLabel* strength_value_;
  QWidget* strength_box_;
  PictureRow* stored_;
  PictureRow* augmented_;
  QTimer later_;
  QString reason_;
  int asked_ = 0;
  int draws_seed_ = 0;
  bool drawing_ = false;
};

}  // namespace orrery::ui

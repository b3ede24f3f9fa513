// A layout that fills lines from left to right, as text does. Chips and cards.
#pragma once

#include <QLayout>
#include <QList>

namespace orrery::ui {

class FlowLayout : public QLayout {
  Q_OBJECT

 public:
  // `stretch`: items grow so that each line is full (cards); else they keep their size (chips).
  explicit FlowLayout(int spacing_px = 8, bool stretch = false);
  ~FlowLayout() override;

  void addItem(QLayoutItem* item) override { items_.append(item); }
  int count() const override { return static_cast<int>(items_.size()); }
  QLayoutItem* itemAt(int index) const override { return items_.value(index); }
  QLayoutItem* takeAt(int index) override { return index >= 0 && index < items_.size() ? items_.takeAt(index) : nullptr; }
  Qt::Orientations expandingDirections() const override { return {}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return arrange(QRect(0, 0, width, 0), false); }
  void setGeometry(const QRect& rect) override;
  QSize sizeHint() const override { return minimumSize(); }
  QSize minimumSize() const override;

 private:
  int arrange(const QRect& rect, bool apply) const;

  QList<QLayoutItem*> items_;
  bool stretch_;
};

}  // namespace orrery::ui

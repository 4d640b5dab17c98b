# Colours by their wavelength in nanometres.
module Prism
  BANDS = { violet: 380, blue: 450, green: 495, yellow: 570, orange: 590, red: 620 }.freeze

  def self.colour(wavelength)
    BANDS.select { |_, from| from < wavelength }.keys.last
  end

  def self.visible?(wavelength)
    wavelength > 380
  end
end

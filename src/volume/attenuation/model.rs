//! HU → linear attenuation coefficient (clinical reference sheet, 4.3).

/// A photon energy of the sheet's table: mass attenuation from Elam's tables on ICRU-44 tissues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Energy {
    /// 40 keV.
    Kev40,
    /// 50 keV.
    Kev50,
    /// 60 keV.
    Kev60,
    /// 65 keV: adequate for filtered fluoroscopy of the spine at 75–85 kVp.
    #[default]
    Kev65,
    /// 70 keV: about the effective energy of a CT at 120 kV.
    Kev70,
    /// 80 keV.
    Kev80,
    /// 100 keV.
    Kev100,
}

/// Density of cortical bone, g/cm³.
const BONE_DENSITY: f64 = 1.92;

impl Energy {
    /// All of them, ascending.
    pub const ALL: [Self; 7] = [
        Self::Kev40,
        Self::Kev50,
        Self::Kev60,
        Self::Kev65,
        Self::Kev70,
        Self::Kev80,
        Self::Kev100,
    ];

    /// The one of a number of keV.
    pub fn of_kev(kev: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|energy| energy.kev() == kev)
    }

    /// keV.
    pub fn kev(self) -> u32 {
        self.row().0
    }

    /// Linear attenuation coefficient of water, 1/mm.
    pub fn water_per_mm(self) -> f64 {
        self.row().1 / 10.0
    }

    /// Linear attenuation coefficient of cortical bone, 1/mm.
    pub fn bone_per_mm(self) -> f64 {
        self.row().2 * BONE_DENSITY / 10.0
    }

    /// HU of that bone in a CT at this effective energy.
    pub fn bone_hu(self) -> f64 {
        self.row().3
    }

    /// keV, mass attenuation of water and of cortical bone (cm²/g), HU of the bone.
    fn row(self) -> (u32, f64, f64, f64) {
        match self {
            Self::Kev40 => (40, 0.2683, 0.6655, 3763.0),
            Self::Kev50 => (50, 0.2269, 0.4242, 2590.0),
            Self::Kev60 => (60, 0.2059, 0.3148, 1936.0),
            Self::Kev65 => (65, 0.1987, 0.2818, 1723.0),
            Self::Kev70 => (70, 0.1929, 0.2570, 1558.0),
            Self::Kev80 => (80, 0.1837, 0.2229, 1330.0),
            Self::Kev100 => (100, 0.1707, 0.1855, 1087.0),
        }
    }
}

/// At which energies the CT was measured and the radiograph is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttenuationModel {
    /// Energy of the simulated beam.
    pub energy: Energy,
    /// Effective energy of the CT, where bone has its HU from.
    pub ct_energy: Energy,
}

impl Default for AttenuationModel {
    fn default() -> Self {
        Self {
            energy: Energy::Kev65,
            ct_energy: Energy::Kev70,
        }
    }
}

impl AttenuationModel {
    /// Below this it is air without attenuation.
    ///
    /// Attenuation is never negative, so the noise of the air about a patient would otherwise add
    /// up along the ray. Lung begins at −910 HU (4.1).
    pub const AIR_HU: f64 = -950.0;

    /// No scanner's scale goes further, metal included.
    pub const MOST_HU: f64 = 32_767.0;

    /// Linear attenuation coefficient of an HU, 1/mm; 0 for NaN.
    pub fn per_mm(self, hu: f64) -> f64 {
        let water = self.energy.water_per_mm();
        if hu >= 0.0 {
            let hu = hu.min(Self::MOST_HU);
            water + hu / self.ct_energy.bone_hu() * (self.energy.bone_per_mm() - water)
        } else if hu >= Self::AIR_HU {
            water * (1.0 + hu / 1000.0)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn water_bone_and_air_have_the_attenuation_of_the_sheet() {
        let model = AttenuationModel::default();
        // 4.3, 65 keV: 0.199 and 0.541 per cm; bone is anchored where a CT of 70 keV shows it.
        assert!((model.per_mm(0.0) - 0.0199).abs() < 5e-5);
        assert!((model.per_mm(1558.0) - 0.0541).abs() < 5e-5);
        assert_eq!(model.per_mm(-1000.0), 0.0);
        assert_eq!(model.per_mm(-2000.0), 0.0);
        assert_eq!(model.per_mm(f64::NAN), 0.0);
        // Fat of −100 HU: nine tenths of water.
        assert!((model.per_mm(-100.0) - 0.9 * 0.01987).abs() < 1e-9);
        assert!(model.per_mm(f64::INFINITY).is_finite());
    }

    #[test]
    fn the_rows_agree_with_the_columns_that_the_sheet_derives() {
        // µ water and µ bone per cm, and the HU that follow from them: 1000 (µ_b / µ_w − 1).
        for (kev, water, bone) in [
            (40, 0.268, 1.278),
            (50, 0.227, 0.815),
            (60, 0.206, 0.605),
            (65, 0.199, 0.541),
            (70, 0.193, 0.494),
            (80, 0.184, 0.428),
            (100, 0.171, 0.356),
        ] {
            let energy = Energy::of_kev(kev).unwrap();
            assert!((energy.water_per_mm() * 10.0 - water).abs() < 6e-4, "{kev}");
            assert!((energy.bone_per_mm() * 10.0 - bone).abs() < 6e-4, "{kev}");
            let hu = 1000.0 * (energy.bone_per_mm() / energy.water_per_mm() - 1.0);
            assert!((hu - energy.bone_hu()).abs() < 1.0, "{kev}: {hu}");
        }
        assert_eq!(Energy::of_kev(66), None);
    }
}

//! The order of packets (ITU-T T.800 B.12).

use super::codestream::damaged;
use super::packet::PacketReader;
use super::parameters::{Parameters, Progression};
use super::structure::TileComponent;
use crate::codec::{CodecError, Limits};

/// A precinct by component, resolution and number, and where it starts.
#[derive(Clone, Copy)]
struct Place {
    component: u32,
    resolution: u32,
    precinct: u32,
    x: u64,
    y: u64,
}

/// Reads all packets of a tile.
pub(super) fn read_packets<'a>(
    components: &mut [TileComponent<'a>],
    parameters: &Parameters,
    reader: &mut PacketReader<'a>,
    limits: &Limits,
) -> Result<(), CodecError> {
    let whole = [Progression {
        resolutions: (0, 33),
        components: (0, u32::MAX),
        layers: parameters.layers,
        order: parameters.order,
    }];
    let volumes = if parameters.changes.is_empty() {
        whole.as_slice()
    } else {
        &parameters.changes
    };
    for volume in volumes {
        read_volume(components, volume, parameters.layers, reader, limits)?;
    }
    let mut precincts = (components.iter())
        .flat_map(|component| &component.resolutions)
        .flat_map(|resolution| &resolution.precincts);
    if precincts.any(|precinct| precinct.layers < parameters.layers) {
        return Err(damaged("its progressions leave packets out"));
    }
    Ok(())
}

fn read_volume<'a>(
    components: &mut [TileComponent<'a>],
    volume: &Progression,
    layers: u32,
    reader: &mut PacketReader<'a>,
    limits: &Limits,
) -> Result<(), CodecError> {
    let places = ordered(components, volume);
    let layers = volume.layers.min(layers);
    let mut read = |place: &Place, layer: u32| -> Result<(), CodecError> {
        limits.check_time()?;
        let precinct = components
            .get_mut(place.component as usize)
            .and_then(|component| component.resolutions.get_mut(place.resolution as usize))
            .and_then(|resolution| resolution.precincts.get_mut(place.precinct as usize));
        match precinct {
            // Packets of earlier volumes are not repeated.
            Some(precinct) if precinct.layers == layer => {
                reader.read(precinct, layer)?;
                precinct.layers += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    };
    match volume.order {
        0 => {
            for layer in 0..layers {
                for place in &places {
                    read(place, layer)?;
                }
            }
        }
        1 => {
            for resolution in places.chunk_by(|a, b| a.resolution == b.resolution) {
                for layer in 0..layers {
                    for place in resolution {
                        read(place, layer)?;
                    }
                }
            }
        }
        _ => {
            for place in &places {
                for layer in 0..layers {
                    read(place, layer)?;
                }
            }
        }
    }
    Ok(())
}

/// Precincts of a volume in the order of its progression, layers left out.
fn ordered(components: &[TileComponent<'_>], volume: &Progression) -> Vec<Place> {
    let within = |(from, to): (u32, u32), number: u32| from <= number && number < to;
    let mut places = Vec::new();
    for (component, parts) in (0..).zip(components) {
        for (resolution, part) in (0..).zip(&parts.resolutions) {
            if !within(volume.components, component) || !within(volume.resolutions, resolution) {
                continue;
            }
            places.extend((0..).zip(&part.precincts).map(|(precinct, found)| Place {
                component,
                resolution,
                precinct,
                x: found.x,
                y: found.y,
            }));
        }
    }
    let key = |place: &Place| {
        let Place {
            component,
            resolution,
            precinct,
            x,
            y,
        } = *place;
        let (c, r) = (u64::from(component), u64::from(resolution));
        let front = match volume.order {
            0 | 1 => [r, c, 0, 0],
            2 => [r, y, x, c],
            3 => [y, x, c, r],
            _ => [c, y, x, r],
        };
        (front, precinct)
    };
    places.sort_unstable_by_key(key);
    places
}

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Where a tile of fresh keys goes: positions from <paramref name="Start"/> to below <paramref name="End"/> of the pass
/// that lie in tile <paramref name="Tile"/> of their sequence.</summary>
public readonly record struct FreshTile(int Sequence, int Tile, int Start, int End);

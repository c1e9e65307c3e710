using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>The local memory of a group that attends for a block of a prompt's queries: 24 KiB.</summary>
internal readonly struct PromptRoom
{
    /// <summary>Queries of a team.</summary>
    public const int RowsOfTeam = 4;

    /// <summary>Queries of a group.</summary>
    public const int Rows = RowsOfTeam * Team.Count;

    /// <summary>Tiles of keys that are taken together.</summary>
    public const int Tiles = 4;

    /// <summary>Their positions.</summary>
    public const int Keys = Tiles * TileLayout.Length;

    /// <summary>Elements of queries and keys that are there at once.</summary>
    public const int Slice = 16;

    /// <summary>Elements of values that are there at once.</summary>
    public const int ValueFloats = 2 * Slice * Keys;

    private readonly ArrayView<Floats4> _stage;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PromptRoom()
    {
        _stage = SharedMemory.Allocate<Floats4>(ValueFloats / 4);
        Values = _stage.Cast<float>();
        KeyElements = Values.SubView(Slice * Keys, Slice * Keys);
        Weights = SharedMemory.Allocate<Floats4>(Team.Count * Keys);
    }

    /// <summary>Teams × keys, the team's four queries side by side.</summary>
    public ArrayView<Floats4> Weights { get; }

    /// <summary>Teams × elements of the slice, the team's four queries side by side.</summary>
    public ArrayView<Floats4> Queries
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _stage;
    }

    /// <summary>Elements of the slice × positions, behind the queries.</summary>
    public ArrayView<float> KeyElements { get; }

    /// <summary>Positions × elements, where queries and keys were.</summary>
    public ArrayView<float> Values { get; }
}

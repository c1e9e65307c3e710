using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A lane's part of one run of eight tokens, the columns' side of a product of whole numbers.</summary>
internal struct RunColumns
{
    /// <summary>Four quants of the token lane / 4, from 4 × (lane mod 4) on, of each half.</summary>
    public uint Low, High;

    /// <summary>The run's entry in <see cref="Inputs.PackedInput"/> of the tokens 2 × (lane mod 4) and of the next; its scale
    /// alone where weights have no offsets.</summary>
    public Floats4 First, Second;

    /// <summary>Those of up to sixteen tokens, from a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (RunColumns First, RunColumns Second) Load<TFormat, TTokens>(uint stage, in RunPlace place)
        where TFormat : struct, IPackedFormat
        where TTokens : struct, ITokenBlocks
    {
        var halves = TileMemory.Load(stage + place.Values);
        uint entry = stage + place.Entries;
        return (
            At<TFormat>(halves.A, halves.B, entry),
            TTokens.AreTwo ? At<TFormat>(halves.C, halves.D, entry + (8 * RunStage.EntriesPitch)) : default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunColumns At<TFormat>(uint low, uint high, uint entry)
        where TFormat : struct, IPackedFormat => new()
        {
            Low = low,
            High = high,
            First = TFormat.HasOffsets ? TensorShared.LoadFloats(entry) : new Floats4 { A = TensorShared.Load(entry) },
            Second = TFormat.HasOffsets
                ? TensorShared.LoadFloats(entry + RunStage.EntriesPitch)
                : new Floats4 { A = TensorShared.Load(entry + RunStage.EntriesPitch) },
        };
}

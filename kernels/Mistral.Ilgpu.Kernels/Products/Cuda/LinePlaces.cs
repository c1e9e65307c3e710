using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>The places for lines in <see cref="LineMemory"/>, which are used in turn, and their barriers.</summary>
/// <param name="Memory">The group's shared memory.</param>
internal readonly record struct LinePlaces(uint Memory)
{
    /// <summary>Makes the barriers, by one thread.</summary>
    /// <param name="readers">Warps that read lines.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(int readers)
    {
        for (uint place = 0; place < LineMemory.Places; place++)
        {
            PhaseBarrier.Start(FullOf(place), 1);
            PhaseBarrier.Start(FreeOf(place), readers);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint At(uint place) => Memory + LineMemory.LinesAt + (place * LineMemory.PlaceBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FullOf(uint place) => Memory + LineMemory.LinesFullAt + (place * PhaseBarrier.Bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FreeOf(uint place) => Memory + LineMemory.LinesFreeAt + (place * PhaseBarrier.Bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint After(uint place) => WarpgroupMemory.NextSlot(place, LineMemory.Places);
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>The arithmetic that all formats share once four weights are decoded.</summary>
internal static class FourWeights
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(Floats4 w, Floats4 x) => ((w.A * x.A) + (w.B * x.B)) + ((w.C * x.C) + (w.D * x.D));
}

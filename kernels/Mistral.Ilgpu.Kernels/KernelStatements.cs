using System.Reflection;
using ILGPU;
using Mistral.Ilgpu.Kernels.Attention.Amd;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels;

/// <summary>The methods that are other code for each kind of device: statements of OpenCL C, inline PTX.</summary>
public static class KernelStatements
{
    private static readonly Type[] Lanes = [typeof(Hardware.Lanes.Lanes), typeof(Workers)];

    private static readonly MethodInfo[] Waves =
    [
        .. new[]
        {
            typeof(Wave), typeof(Dp4a), typeof(Fused), typeof(FloatPairs), typeof(Hoisted), typeof(Predecessor), typeof(HalfPair),
            typeof(PackedBytes), typeof(WaveBits), typeof(PackedScale), typeof(IQ4_XS), typeof(Q2_K), typeof(Q3_K), typeof(Q4_K),
            typeof(Q5_K), typeof(Q6_K), typeof(Float8), typeof(Float16), typeof(BFloat16), typeof(Float32),
            typeof(PrefetchedRows), typeof(Gate), typeof(MatrixProducts), typeof(HalfPairs), typeof(Pieces), typeof(MatrixTile),
            typeof(Schedule), typeof(RowProducts), typeof(HalfWaves), typeof(PowerOfTwo),
            typeof(Kept),
        }.SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
            .Where(method => method.IsDefined(typeof(BodiesAttribute)) || method.IsDefined(typeof(WaveAttribute))),
    ];

    static KernelStatements() => InlineWaves.Remap(Waves);

    /// <summary>Tells ILGPU of every such method; each context that compiles kernels needs this.</summary>
    /// <param name="formats">Those that have statements, see <see cref="ILaneStatements"/>.</param>
    /// <param name="isForCuda">Whether the context compiles for CUDA; otherwise for OpenCL.</param>
    public static Context.Builder InlineStatements(this Context.Builder builder, IEnumerable<Type> formats, bool isForCuda)
    {
        if (!isForCuda)
        {
            InlineOpenCl.Register(builder, [.. formats.Where(type => type.IsAssignableTo(typeof(ILaneStatements))), .. Lanes]);
        }

        InlineWaves.Register(builder, Waves, isForCuda);
        return builder;
    }
}

using System.Reflection;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels.Attention;
using Mistral.Ilgpu.Kernels.Attention.Amd;
using Mistral.Ilgpu.Kernels.Attention.Cuda;
using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Choosing;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products;
using Mistral.Ilgpu.Kernels.Products.Cuda;
using Mistral.Ilgpu.Kernels.Products.Matrix;
using Mistral.Ilgpu.Kernels.Products.Waves;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels;

/// <summary>Every kernel in every form, for those who list them or compile them all.</summary>
public static class KernelCatalog
{
    private static readonly Type[] Fixed =
        [
            typeof(RmsNormRow), typeof(RmsNormVectors), typeof(RmsNormGroup), typeof(RmsNormWarp<FloatsAlone>),
            typeof(RmsNormWarp<AlsoInt8>), typeof(SwiGlu), typeof(SwiGluVectors), typeof(QuantizeInput),
            typeof(QuantizeInputVectors), typeof(QuantizeInputLanes), typeof(RmsNormLanes<FloatsAlone>),
            typeof(RmsNormLanes<AlsoInt8>), typeof(SwiGluLanes<FloatsAlone>), typeof(SwiGluLanes<AlsoInt8>),
            typeof(FillRandomQuants), typeof(FillRandomScales), typeof(ArgMaxRow), typeof(ArgMaxGroup),
            typeof(ChooseGroup), typeof(MergeSplits), typeof(MergeSplitsVectors), typeof(NarrowHeads), typeof(CopyFloats)
        ];

    private static readonly Type[] PerFormat =
    [
        typeof(Embed<,>), typeof(GatedMatVecPacks<,>), typeof(GatedMatVecVectors<,>),
        typeof(GatedMatVecGroup<,>), typeof(FillRandomElements<,>),
    ];

    private static readonly Type[] PerCacheFormat =
    [
        typeof(Rope<,>), typeof(StoreKv<,>), typeof(RopeVectors<,>), typeof(StoreKvVectors<,>),
    ];

    private static readonly Type[] PerCacheFormatAndRoom = [typeof(AttendGroup<,,>), typeof(DecodeAttendGroup<,,>)];

    private static readonly Type[] HeadRooms = [typeof(HeadOf64), typeof(HeadOf128), typeof(HeadOf256)];

    private static readonly Type[] TensorFormats = [typeof(BFloat16Tensor), typeof(Float16Tensor)];

    private static readonly Type[] AttendOutputs =
    [
        typeof(FloatOutput), .. TensorFormats.Select(format => typeof(RoundedOutput<>).MakeGenericType(format)),
    ];

    private static readonly Type[] AttentionTiles = [typeof(LaneTiles<,>), typeof(QuadTiles<,>), typeof(VectorTiles<,>)];

    private static readonly Type[] PerTiles = [typeof(AttendRow<,>), typeof(DecodeAttendRow<,>)];

    private static readonly Type[] PerFormatAndResult =
        [
            typeof(MatVecPacks<,,>),
            typeof(MatVecLanes<,,>),
            typeof(MatVecVectors<,,>),
            typeof(MatVecGroup<,,>),
            typeof(MatMulTile<,,>)
        ];

    // Every format of the folder is in the catalog.
    private static readonly Type[] AllFormats =
    [
        .. typeof(KernelCatalog).Assembly.GetTypes()
            .Where(type => type.IsValueType && type.Namespace == typeof(Float32).Namespace)
            .OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    private static readonly (Type Format, Type Element)[] Formats = [.. WithElement(typeof(IWeightFormat<>))];

    private static readonly (Type Format, Type Element)[] CacheFormats = [.. WithElement(typeof(ICacheFormat<>))];

    private static readonly Type[] BlockFormats = [.. AllFormats.Where(format => format.IsAssignableTo(typeof(IBlockFormat)))];

    private static readonly Type[] BlockInputs = [typeof(Int8Input), typeof(FloatInput)];

    private static readonly Type[] PerBlockFormatInputAndResult = [typeof(BlockMatVecRow<,,>), typeof(BlockMatVecGroup<,,>)];

    private static readonly Type[] StripFormats = [.. BlockFormats.Where(format => format.IsAssignableTo(typeof(IStripFormat)))];

    private static readonly Type[] TokenBlocks = [typeof(EightTokens), typeof(SixteenTokens)];

    private static readonly Type[] Epilogues = [typeof(Assign), typeof(AddToResidual), typeof(GateWithSilu)];

    private static IEnumerable<Type> TileEpilogues(Type format) =>
        Epilogues.Append(typeof(GateRounded<>).MakeGenericType(format));

    private static readonly Type[] NormedEpilogues = [typeof(Assign), typeof(GateWithSilu)];

    private static readonly Type[] PerStripFormat = [typeof(PackBlockStrips<>), typeof(PackBlockStripVectors<>), typeof(BlockStripEmbed<>)];

    private static readonly Type[] PerStripFormatAndResult = [typeof(BlockStripMatVec<,>), typeof(BlockStripVectors<,>)];

    private static readonly Type[] Results = [typeof(Assign), typeof(AddToResidual)];

    private static readonly Type[] PairFormats = [typeof(BFloat16Pairs), typeof(Float16Pairs)];

    private static readonly Type[] MatrixCores = [typeof(Wmma<>), typeof(Wmma12<>), typeof(Mfma<>), typeof(LaneProducts<>)];

    private static Type WaveTiles(Type core, Type weights, Type epilogue) =>
        typeof(MatMulWave<,,>).MakeGenericType(core, weights, epilogue);

    private static IEnumerable<Type> BlockWaveTiles(Type core, Type epilogue) =>
        BlockFormats.Select(format => WaveTiles(core, typeof(BlockWaveTiles<>).MakeGenericType(format), epilogue));

    private static Type[] Tiles(Type format, Type weights, Type epilogue) =>
        [
            typeof(MatMulTensor<,,>).MakeGenericType(format, weights, epilogue),
            typeof(MatMulWarpgroup<,,>).MakeGenericType(format, weights, epilogue)
        ];

    // A gated pair has a form of its own where a thread would have too few registers.
    private static Type SeveralTokens(Type format, Type tokens, Type epilogue) =>
        epilogue == typeof(GateWithSilu)
            && !(bool)typeof(RunStage).GetMethod(nameof(RunStage.HasRegisters))!.MakeGenericMethod(format).Invoke(null, null)!
            ? typeof(BlockSwiGluTensor<,>).MakeGenericType(format, tokens)
            : typeof(BlockMatVecTensor<,,>).MakeGenericType(format, tokens, epilogue);

    private static IEnumerable<(Type Format, Type Element)> WithElement(Type definition) =>
        from format in AllFormats
        from implemented in format.GetInterfaces()
        where implemented.IsGenericType && implemented.GetGenericTypeDefinition() == definition
        select (format, implemented.GetGenericArguments()[0]);

    public static IReadOnlyList<KernelForm> All { get; } =
    [
        .. Fixed.Select(type => new KernelForm(type)),
        .. from format in CacheFormats
           from type in PerCacheFormat
           select new KernelForm(type.MakeGenericType(format.Format, format.Element)),
        .. from format in CacheFormats
           from room in HeadRooms
           from type in PerCacheFormatAndRoom
           select new KernelForm(type.MakeGenericType(format.Format, format.Element, room)),
        .. from format in CacheFormats
           from tiles in AttentionTiles
           let closed = tiles.MakeGenericType(format.Format, format.Element)
           from kernel in PerTiles.Select(type => type.MakeGenericType(closed, format.Element))
               .Append(typeof(RopeDecodeAttend<,,>).MakeGenericType(closed, format.Format, format.Element))
           select new KernelForm(kernel),
        .. from format in TensorFormats
           from head in TensorForms.HeadSizes
           from kernel in AttendOutputs.Select(output => TensorForms.Attend(format, head, output))
               .Append(TensorForms.DecodeAttend(format, head))
           select new KernelForm(kernel),
        .. TensorForms.QuantSizes.Select(
            form => new KernelForm(typeof(DecodeAttendQuants<>).MakeGenericType(form.Head))),
        .. from format in TensorFormats
           from output in AttendOutputs
           select new KernelForm(typeof(AttendWarpgroup<,>).MakeGenericType(format, output)),
        .. from format in Formats
           from type in PerFormat
           select new KernelForm(type.MakeGenericType(format.Format, format.Element)),
        .. from format in Formats
           from result in Results
           from type in PerFormatAndResult
           select new KernelForm(type.MakeGenericType(format.Format, format.Element, result)),
        .. from element in Formats.Select(format => format.Element).Distinct()
           select new KernelForm(typeof(PackStrips<>).MakeGenericType(element)),
        .. from format in Formats
           from result in Results
           select new KernelForm(typeof(StripMatVec<,,>).MakeGenericType(format.Format, format.Element, result)),
        .. from format in StripFormats
           from type in PerStripFormat
           select new KernelForm(type.MakeGenericType(format)),
        .. from format in StripFormats
           from result in Results
           from type in PerStripFormatAndResult
           select new KernelForm(type.MakeGenericType(format, result)),
        .. BlockFormats.Select(format => new KernelForm(typeof(BlockEmbed<>).MakeGenericType(format))),
        .. from format in BlockFormats
           from input in BlockInputs
           from result in Results
           from type in PerBlockFormatInputAndResult
           select new KernelForm(type.MakeGenericType(format, input, result)),
        .. from format in BlockFormats
           from result in Results
           select new KernelForm(typeof(BlockMatVecLanes<,>).MakeGenericType(format, result)),
        .. from format in WaveForms.Formats
           from room in WaveForms.Rooms
           from kernel in new[] { typeof(AttendWave<,,,>), typeof(DecodeAttendWave<,,,>) }
           select new KernelForm(kernel.MakeGenericType(format.Format, format.Element, format.Bits, room)),
        .. WaveForms.Formats.Select(
            format => new KernelForm(typeof(MergeWave<,,>).MakeGenericType(format.Format, format.Element, format.Bits))),
        .. from core in MatrixCores.Where(core => core != typeof(LaneProducts<>))
           from format in MatrixForms.Formats
           from room in MatrixForms.Rooms
           select new KernelForm(typeof(AttendMatrix<,,,,>).MakeGenericType(
               core.MakeGenericType(format.Pairs), format.Pieces, format.Element, format.Bits, room)),
        new KernelForm(typeof(QuantizePacked)),
        .. from format in TensorFormats
           from type in new[] { typeof(RoundInput<>), typeof(RmsNormRounded<>) }
           select new KernelForm(type.MakeGenericType(format)),
        .. from format in Formats
           from epilogue in Epilogues
           from type in new[] { typeof(MatVecWarp<,,>), typeof(MatMulFused<,,>) }
           select new KernelForm(type.MakeGenericType(format.Format, format.Element, epilogue)),
        .. from format in Formats
           from epilogue in NormedEpilogues
           select new KernelForm(typeof(MatVecNormed<,,>).MakeGenericType(format.Format, format.Element, epilogue)),
        .. from format in TensorFormats
           from epilogue in Epilogues
           from tokens in TokenBlocks
           select new KernelForm(typeof(MatVecTensor<,,,>).MakeGenericType(format, tokens, typeof(AsTheyAre), epilogue)),
        .. from format in TensorFormats
           from epilogue in TileEpilogues(format)
           from kernel in Tiles(format, typeof(ElementTiles), epilogue)
               .Append(typeof(MatMulBulk<,>).MakeGenericType(format, epilogue))
           select new KernelForm(kernel),
        .. from format in TensorFormats
           from epilogue in NormedEpilogues
           select new KernelForm(
               typeof(MatVecTensor<,,,>).MakeGenericType(format, typeof(EightTokens), typeof(AsNormed), epilogue)),
        .. PairFormats.Select(format => new KernelForm(typeof(RoundPairs<>).MakeGenericType(format))),
        .. from core in MatrixCores
           from epilogue in Epilogues
           from kernel in PairFormats
               .Select(format => WaveTiles(core.MakeGenericType(format), typeof(ElementWaveTiles), epilogue))
               .Concat(BlockWaveTiles(core.MakeGenericType(typeof(Float16Pairs)), epilogue))
           select new KernelForm(kernel),
        .. from epilogue in Epilogues
           from kernel in BlockWaveTiles(typeof(MmaK8), epilogue)
               .Prepend(WaveTiles(typeof(MmaK8), typeof(ElementWaveTiles), epilogue))
           select new KernelForm(kernel),
        .. from format in BlockFormats
           from kernel in new[] { typeof(BlockMatVecNormed<>), typeof(BlockSwiGluNormed<>) }
           select new KernelForm(kernel.MakeGenericType(format)),
        .. from format in BlockFormats
           from epilogue in Epilogues
           select new KernelForm(typeof(BlockMatMulTile<,>).MakeGenericType(format, epilogue)),
        .. from format in BlockFormats
           from epilogue in Epilogues
           from kernel in TokenBlocks.Select(tokens => SeveralTokens(format, tokens, epilogue))
               .Append(typeof(BlockMatVecWarp<,>).MakeGenericType(format, epilogue))
           select new KernelForm(kernel),
        .. from format in BlockFormats
           from epilogue in TileEpilogues(typeof(Float16Tensor))
           from kernel in Tiles(typeof(Float16Tensor), typeof(BlockTiles<>).MakeGenericType(format), epilogue)
               .Append(typeof(MatMulBulkBlocks<,>).MakeGenericType(format, epilogue))
           select new KernelForm(kernel),
    ];
}

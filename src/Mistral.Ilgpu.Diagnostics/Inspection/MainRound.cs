using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// One round of the loop that loads most bytes of weights, or of cached keys and values. How often its blocks run is as
/// <see cref="AmdRuns"/> says.
/// </summary>
internal sealed class MainRound
{
    private const int FourProducts = 4;

    private readonly int _waveSize;
    private readonly double _streamedBytes;

    // The blocks, and how often each runs.
    private readonly IReadOnlyDictionary<AmdBlock, double> _blocks;
    private readonly HashSet<int> _written;

    private MainRound(AmdAssembly code, string main, List<AmdLoad> streamed, int waveSize)
    {
        _waveSize = waveSize;
        _blocks = AmdRuns.Of(code, main);
        _written = [.. _blocks.Keys.SelectMany(block => block.Instructions).SelectMany(Written)];
        _streamedBytes = streamed.Sum(load => _blocks.GetValueOrDefault(load.Block) * load.Bytes);
    }

    /// <summary>The main round of a kernel; null if no loop loads what is streamed.</summary>
    public static MainRound? Of(AmdAssembly code, IReadOnlyList<KernelView> views, int waveSize)
    {
        ulong streamed = KernelViews.Streamed(views);
        var loads = AmdLoads.Of(code, views.Count, waveSize)
            .Where(load => load.Block.Loop is not null && (load.Views & streamed) != 0).ToList();
        string? main = loads.GroupBy(load => load.Block.Loop!).MaxBy(loop => loop.Sum(load => load.Bytes))?.Key;
        // One whose rounds are a constant is a part of the work of the loop around it.
        while (main is not null && AmdTrips.Of(code, main) is not null && code.LoopAround(main) is { } outer)
        {
            main = outer;
        }

        return main is null ? null : new MainRound(code, main, loads, waveSize);
    }

    /// <summary>Adds up a value of the instructions for which a condition holds.</summary>
    public double Sum(Func<AmdInstruction, bool> wanted, Func<AmdInstruction, double> value) =>
        _blocks.Sum(block => block.Value * block.Key.Instructions.Where(wanted).Sum(value));

    /// <summary>
    /// Bytes of weights that memory delivers to a wave in the round. Elements are loaded by one lane each. Of blocks, several
    /// lanes load the same scales, so their weights are counted: by products of four, or where there are none a run for each
    /// lane, as group forms have it. Null for blocks that matrix instructions multiply.
    /// </summary>
    public double? BytesOf(KernelForm form)
    {
        if (FormatDescriptors.Find(format => format.IsQuantized && form.Kernel.GetGenericArguments().Contains(format.KernelType))
            is not { } blocks)
        {
            return _streamedBytes;
        }

        double products = Sum(MultipliesWeights, _ => 1);
        double weights = _waveSize * (products > 0 ? FourProducts * products : BlockRun.Length);
        return Sum(instruction => instruction.IsMatrix, _ => 1) > 0 ? null
            : weights * blocks.Descriptor().BlockBytes / blocks.Descriptor().BlockLength;
    }

    // A product with what no instruction of the round writes is one of activations with a bias.
    private bool MultipliesWeights(AmdInstruction instruction) =>
        instruction.Name.StartsWith("v_dot4", StringComparison.Ordinal)
        && instruction.OperandList.Skip(1).Take(2).All(factor => AmdRegisters.In(factor).Any(_written.Contains));

    // Two that are issued together write a register each.
    private static IEnumerable<int> Written(AmdInstruction instruction) =>
        $"{instruction.Name} {instruction.Operands}".Split(" :: ")
            .SelectMany(half => AmdRegisters.In(half.Split(' ', 2)[^1].Split(',')[0]));
}

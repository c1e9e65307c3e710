using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A kernel's machine code as LLVM writes it: blocks of instructions, and the loops that its comments name.</summary>
internal sealed partial class AmdAssembly
{
    // The loop around each loop.
    private readonly Dictionary<string, string> _parents;

    private AmdAssembly(IReadOnlyList<AmdBlock> blocks, Dictionary<string, string> parents, int argumentsAt)
    {
        _parents = parents;
        Blocks = blocks;
        ArgumentsAt = argumentsAt;
        Loops = [.. blocks.Where(block => block.Loop is not null).GroupBy(block => block.Loop!)
            .Select(loop => (IReadOnlyList<AmdInstruction>)[.. loop.SelectMany(block => block.Instructions)])];
    }

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<AmdBlock> Blocks { get; }

    /// <summary>The first of the two scalar registers that have the address of the arguments when the program begins.</summary>
    public int ArgumentsAt { get; }

    public IEnumerable<AmdInstruction> Instructions => Blocks.SelectMany(block => block.Instructions);

    /// <summary>The instructions of each loop without those of loops inside of it.</summary>
    public IReadOnlyList<IReadOnlyList<AmdInstruction>> Loops { get; }

    /// <summary>The loop around a loop; null for an outermost one.</summary>
    public string? LoopAround(string loop) => _parents.GetValueOrDefault(loop);

    /// <summary>Whether a block lies in a loop, or in a loop inside of it.</summary>
    public bool IsIn(AmdBlock block, string loop)
    {
        string? around = block.Loop;
        while (around is not null && around != loop)
        {
            around = LoopAround(around);
        }

        return around is not null;
    }

    /// <summary>The barriers that a wave may reach before its operations on local memory have ended.</summary>
    public IReadOnlyList<string> BarriersWithoutWait
    {
        get
        {
            var underWay = Flow(false, false, (before, block) => block.Instructions.Aggregate(before, After), (a, b) => a || b);
            return
            [
                .. Blocks.Where((block, index) =>
                {
                    bool local = underWay[index];
                    return block.Instructions.Any(instruction =>
                    {
                        bool isReached = instruction.IsBarrier && local;
                        local = After(local, instruction);
                        return isReached;
                    });
                }).Select(block => block.Label),
            ];

            static bool After(bool local, AmdInstruction instruction) =>
                instruction.IsLocal || (local && !instruction.AwaitsLocal);
        }
    }

    /// <summary>Parses the assembly of one kernel.</summary>
    /// <exception cref="InvalidDataException">The text has no kernel.</exception>
    public static AmdAssembly Parse(string text)
    {
        var blocks = new List<AmdBlock>();
        var instructions = new List<AmdInstruction>();
        var parents = new Dictionary<string, string>();
        bool isKernel = false;
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(".Lfunc_end", StringComparison.Ordinal))
            {
                break;
            }

            if (Label().Match(line) is { Success: true } label)
            {
                // LLVM calls the first block of a kernel so.
                isKernel |= label.Groups["name"].Value == "%bb.0";
                instructions = [];
                blocks.Add(new AmdBlock(label.Groups["name"].Value, null, 0, instructions));
            }

            if (!isKernel)
            {
                continue;
            }

            if (LoopOf(line, blocks[^1].Label) is { } loop)
            {
                blocks[^1] = blocks[^1] with { Loop = loop.Header, Depth = loop.Depth };
            }

            if (ParentLoop().Match(line) is { Success: true } parent)
            {
                // Outer ones come first.
                parents[blocks[^1].Label] = parent.Groups["header"].Value;
            }

            if (Instruction().Match(line) is { Success: true } match)
            {
                instructions.Add(new AmdInstruction(match.Groups["name"].Value, match.Groups["operands"].Value.Trim()));
            }
        }

        return isKernel ? new AmdAssembly(Connect(blocks), parents, ArgumentsIn(text))
            : throw new InvalidDataException("the assembly: found no kernel");
    }

    /// <summary>What holds where each block begins, found by going over the program until nothing changes.</summary>
    /// <param name="first">What holds where the program begins.</param>
    /// <param name="nothing">What is joined to anything without a change.</param>
    /// <param name="pass">What holds after a block, of what held before it.</param>
    /// <param name="join">What holds where two ways meet.</param>
    public T[] Flow<T>(T first, T nothing, Func<T, AmdBlock, T> pass, Func<T, T, T> join)
    {
        var before = Enumerable.Repeat(nothing, Blocks.Count).ToArray();
        before[0] = first;
        bool isChanged = true;
        while (isChanged)
        {
            isChanged = false;
            for (int i = 0; i < Blocks.Count; i++)
            {
                var after = pass(before[i], Blocks[i]);
                foreach (int next in Blocks[i].Next)
                {
                    var joined = join(before[next], after);
                    isChanged |= !EqualityComparer<T>.Default.Equals(joined, before[next]);
                    before[next] = joined;
                }
            }
        }

        return before;
    }

    // What the driver puts into scalar registers comes in this order, and the address of the arguments after it.
    private static int ArgumentsIn(string text) =>
        (text.Contains(".amdhsa_user_sgpr_private_segment_buffer 1", StringComparison.Ordinal) ? 4 : 0)
        + (text.Contains(".amdhsa_user_sgpr_dispatch_ptr 1", StringComparison.Ordinal) ? 2 : 0)
        + (text.Contains(".amdhsa_user_sgpr_queue_ptr 1", StringComparison.Ordinal) ? 2 : 0);

    private static (string Header, int Depth)? LoopOf(string line, string label) =>
        InLoop().Match(line) is { Success: true } inside ? (inside.Groups["header"].Value, Depth(inside))
        : LoopHeader().Match(line) is { Success: true } header ? (label, Depth(header)) : null;

    private static int Depth(Match match) => int.Parse(match.Groups["depth"].ValueSpan, CultureInfo.InvariantCulture);

    private static List<AmdBlock> Connect(List<AmdBlock> blocks)
    {
        var places = blocks.Select((block, index) => (block.Label, index))
            .ToDictionary(entry => entry.Label, entry => entry.index);
        return [.. blocks.Select((block, index) => block with { Next = [.. Next(block, index)] })];

        IEnumerable<int> Next(AmdBlock block, int index)
        {
            foreach (var branch in block.Instructions.Where(instruction => instruction.IsBranch))
            {
                yield return places[branch.Operands.TrimStart('.', 'L')];
            }

            if (index + 1 < blocks.Count
                && (block.Instructions.Count == 0 || block.Instructions[^1].Name is not ("s_branch" or "s_endpgm")))
            {
                yield return index + 1;
            }
        }
    }

    [GeneratedRegex(@"^(\.L(?<name>BB\d+_\d+)|; (?<name>%bb\.\d+)):")]
    private static partial Regex Label();

    [GeneratedRegex(@";\s+in Loop: Header=(?<header>BB\d+_\d+) Depth=(?<depth>\d+)")]
    private static partial Regex InLoop();

    [GeneratedRegex(@"; =>\s*This (Inner )?Loop Header: Depth=(?<depth>\d+)")]
    private static partial Regex LoopHeader();

    [GeneratedRegex(@";\s+Parent Loop (?<header>BB\d+_\d+) Depth=")]
    private static partial Regex ParentLoop();

    [GeneratedRegex(@"^\t(?<name>[a-z]\w+)(?<operands>[^;]*)")]
    private static partial Regex Instruction();
}

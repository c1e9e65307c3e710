namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// How often a wave runs the blocks of a loop in one round. A loop inside of it counts as often as the program's text says, or
/// once, as for one token. A branch on a scalar is the wave's: it takes each side in half of the rounds. Where lanes may differ a
/// branch jumps over a side only if no lane takes it, so both sides count.
/// </summary>
internal static class AmdRuns
{
    /// <summary>The blocks of a loop, and how often each runs.</summary>
    public static IReadOnlyDictionary<AmdBlock, double> Of(AmdAssembly code, string loop)
    {
        var blocks = code.Blocks.Where(block => code.IsIn(block, loop)).ToList();
        var next = blocks.ToDictionary(block => block, block => Next(code, block, loop));
        var runs = blocks.ToDictionary(block => block, _ => 0.0);
        // Nothing changes after as many walks as there are blocks, because no way leads back.
        for (int walk = 0; walk < blocks.Count; walk++)
        {
            var entered = blocks.ToDictionary(block => block, block => block.Label == loop ? 1.0 : 0);
            foreach (var block in blocks)
            {
                foreach (var one in next[block])
                {
                    entered[one] += runs[block] / next[block].Count;
                }
            }

            runs = entered;
        }

        return runs.ToDictionary(run => run.Key, run => run.Value * Rounds(code, run.Key.Loop!, loop));
    }

    // The blocks of the round that follow, without the ways back to where a loop begins.
    private static List<AmdBlock> Next(AmdAssembly code, AmdBlock block, string loop)
    {
        var next = block.Next.Select(place => code.Blocks[place])
            .Where(one => code.IsIn(one, loop) && !(one.Loop == one.Label && code.IsIn(block, one.Label))).ToList();
        // Some lane is left.
        return Target(block, "s_cbranch_execnz") is { } always && next.Exists(one => one.Label == always)
            ? next.FindAll(one => one.Label == always)
            : next.FindAll(one => one.Label != Target(block, "s_cbranch_execz"));
    }

    private static string? Target(AmdBlock block, string branch) =>
        block.Instructions.FirstOrDefault(instruction => instruction.Name == branch)?.Operands.TrimStart('.', 'L');

    // How often a loop runs in one round of another around it.
    private static int Rounds(AmdAssembly code, string loop, string outer)
    {
        int rounds = 1;
        for (string? inner = loop; inner is not null && inner != outer; inner = code.LoopAround(inner))
        {
            rounds *= AmdTrips.Of(code, inner) ?? 1;
        }

        return rounds;
    }
}

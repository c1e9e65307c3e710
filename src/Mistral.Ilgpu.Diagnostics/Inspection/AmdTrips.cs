using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// How often a loop runs, where that is a constant of the program. LLVM then counts in a scalar register, such as
/// <c>s_mov_b64 s[18:19], 0</c> before the loop, and in it <c>s_add_u32 s18, s18, 4</c> and <c>s_cmp_eq_u32 s18, 16</c>.
/// </summary>
internal static partial class AmdTrips
{
    /// <summary>The rounds of a loop; null if it is not known before the program runs.</summary>
    public static int? Of(AmdAssembly code, string loop)
    {
        var inside = code.Blocks.Where(block => block.Loop == loop).SelectMany(block => block.Instructions).ToList();
        if (inside.FindLast(instruction => Comparison().IsMatch(instruction.Name)) is not { } comparison
            || Value(comparison.OperandList[^1]) is not { } end)
        {
            return null;
        }

        int register = AmdRegisters.In(comparison.OperandList[0]).First();
        var steps = inside.Where(instruction => Step().IsMatch(instruction.Name) && Writes(instruction, register)).ToList();
        var start = code.Blocks.TakeWhile(block => block.Label != loop)
            .SelectMany(block => block.Instructions)
            .LastOrDefault(instruction => Writes(instruction, register));
        return steps is [var one] && Value(one.OperandList[^1]) is { } step && step != 0
            && start is not null && start.Name.StartsWith("s_mov_b", StringComparison.Ordinal)
            && Value(start.OperandList[1]) is { } first && (end - first) % step == 0 && (end - first) / step is > 0 and var trips
                ? trips : null;
    }

    private static bool Writes(AmdInstruction instruction, int register) =>
        instruction.Name.StartsWith("s_", StringComparison.Ordinal) && !Comparison().IsMatch(instruction.Name)
        && AmdRegisters.In(instruction.OperandList[0]).Contains(register);

    private static int? Value(string operand) =>
        operand.StartsWith("0x", StringComparison.Ordinal)
            && int.TryParse(operand.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int hex) ? hex
            : int.TryParse(operand, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;

    [GeneratedRegex("^s_cmpk?_(eq|lg)_")]
    private static partial Regex Comparison();

    [GeneratedRegex("^s_add(k_i32|_u32|_i32|_co_u32|_co_i32)$")]
    private static partial Regex Step();
}

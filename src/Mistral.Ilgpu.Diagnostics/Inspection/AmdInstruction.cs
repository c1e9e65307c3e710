using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An instruction of AMD's machine code.</summary>
/// <param name="Name">Such as global_load_b128. Two that RDNA3 issues together count as one, under the name of the first.</param>
/// <param name="Operands">As LLVM writes them; the results come first.</param>
internal sealed partial record AmdInstruction(string Name, string Operands)
{
    /// <summary>Whether it multiplies tiles by matrix cores.</summary>
    public bool IsMatrix => Is("v_wmma") || Is("v_mfma") || Is("v_smfmac") || Is("v_swmmac");

    /// <summary>Whether it adds products of two, four or eight neighbours.</summary>
    public bool IsDot => Is("v_dot");

    /// <summary>Whether it is a fused multiply-add of floats.</summary>
    public bool IsFma => Is("v_fma") || Is("v_pk_fma") || Is("v_dual_fma");

    /// <summary>Whether it uses local memory, or its queue, which some permutations of lanes pass through.</summary>
    public bool IsLocal => Is("ds_");

    /// <summary>
    /// Whether it tells a group's other waves that this one is here. From gfx12 on, another instruction waits for them.
    /// </summary>
    public bool IsBarrier => Name is "s_barrier" or "s_barrier_signal";

    /// <summary>Whether no later instruction begins before all operations on local memory have ended.</summary>
    public bool AwaitsLocal =>
        (Is("s_waitcnt") && (Operands.Contains("lgkmcnt(0)", StringComparison.Ordinal) || Operands is "0" or "0x0"))
        || (Is("s_wait_") && Name.Contains("dscnt", StringComparison.Ordinal) && Operands == "0x0");

    /// <summary>Bytes that each lane loads from the device's memory; 0 for all other instructions.</summary>
    public int LoadedBytes => Load().Match(Name) is { Success: true } match ? BytesOf(match.Groups["type"].Value) : 0;

    /// <summary>Whether the program may go on elsewhere.</summary>
    public bool IsBranch => Is("s_cbranch") || Name == "s_branch";

    /// <summary>The operands one by one. The last may have the instruction's flags behind it.</summary>
    public IReadOnlyList<string> OperandList => [.. Operands.Split(',', StringSplitOptions.TrimEntries)];

    private bool Is(string prefix) => Name.StartsWith(prefix, StringComparison.Ordinal);

    private static int BytesOf(string type) => type switch
    {
        _ when Dwords().Match(type) is { Success: true } match =>
            sizeof(int) * (match.Groups["count"] is { Success: true } count
                ? int.Parse(count.ValueSpan, CultureInfo.InvariantCulture) : 1),
        _ when Bits().Match(type) is { Success: true } match =>
            int.Parse(match.Groups["bits"].ValueSpan, CultureInfo.InvariantCulture) / 8,
        _ when type.Contains("byte", StringComparison.Ordinal) => 1,
        _ when type.Contains("short", StringComparison.Ordinal) => 2,
        _ => throw new InvalidDataException($"a load of '{type}': found no size in its name"),
    };

    [GeneratedRegex(@"^(global|buffer|flat)_load_(lds_)?(?<type>\w+)$")]
    private static partial Regex Load();

    [GeneratedRegex(@"^dword(x(?<count>\d+))?$")]
    private static partial Regex Dwords();

    // b128, u8, i16, and halves of registers: d16_u8, d16_hi_b16.
    [GeneratedRegex(@"^(d16_)?(hi_)?[biu](?<bits>\d+)$")]
    private static partial Regex Bits();
}

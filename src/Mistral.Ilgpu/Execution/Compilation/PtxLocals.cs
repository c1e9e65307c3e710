using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Moves ILGPU's local variables to registers. ILGPU passes every operand of inline PTX by reference through a <c>.local</c>
/// variable. In kernels with many tensor-core instructions ptxas leaves those variables in memory.
/// A variable that is only stored and loaded whole, at its own address, can be a register.
/// </summary>
/// <example><c>st.local.f32 [%rd7], %f1;</c> becomes <c>mov.b32 %local7, %f1;</c></example>
internal static partial class PtxLocals
{
    public static string ToRegisters(string ptx)
    {
        var result = new StringBuilder(ptx.Length);
        // Names are local to a function.
        foreach (var function in Functions(ptx))
        {
            AppendFunction(result, function);
        }

        return result.ToString();
    }

    private static IEnumerable<List<string>> Functions(string ptx)
    {
        var lines = new List<string>();
        foreach (string line in ptx.TrimEnd('\n').Split('\n'))
        {
            lines.Add(line.TrimEnd('\r'));
            if (lines[^1] == "}")
            {
                yield return lines;
                lines = [];
            }
        }

        yield return lines;
    }

    private static void AppendFunction(StringBuilder result, List<string> lines)
    {
        var bits = new Dictionary<string, int>();
        var addresses = new Dictionary<string, string>();
        foreach (string line in lines)
        {
            if (Declaration().Match(line) is { Success: true } declared)
            {
                bits[declared.Groups["name"].Value] = 8 * int.Parse(
                    declared.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture);
            }
            else if (Address().Match(line) is { Success: true } address)
            {
                addresses.Add(address.Groups["register"].Value, address.Groups["name"].Value);
            }
        }

        var kept = lines.SelectMany(line => Escapes(line, bits, addresses)).ToHashSet();
        foreach (string line in lines)
        {
            if (Rewrite(line, name => !kept.Contains(name), addresses) is { } rewritten)
            {
                result.Append(rewritten).Append('\n');
            }
        }
    }

    // The variables that a line uses in other ways than to store or load them whole.
    private static IEnumerable<string> Escapes(string line, Dictionary<string, int> bits, Dictionary<string, string> addresses)
    {
        if (Declaration().IsMatch(line) || Address().IsMatch(line))
        {
            return Declaration().Match(line) is { Success: true } declared && declared.Groups["bytes"].Value is not ("4" or "8")
                ? [declared.Groups["name"].Value]
                : [];
        }

        var whole = Store().Match(line) is { Success: true } store ? store : Load().Match(line);
        string? whollyUsed = whole.Success && addresses.TryGetValue(whole.Groups["address"].Value, out string? name)
            && bits[name].ToString(CultureInfo.InvariantCulture) == whole.Groups["bits"].Value ? name : null;
        return Register().Matches(line).Select(match => addresses.GetValueOrDefault(match.Value)).OfType<string>()
            .Where(used => used != whollyUsed);
    }

    private static string? Rewrite(string line, Func<string, bool> isRegister, Dictionary<string, string> addresses)
    {
        if (Declaration().Match(line) is { Success: true } declared && isRegister(declared.Groups["name"].Value))
        {
            int bits = 8 * int.Parse(declared.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture);
            return $"\t.reg .b{bits}\t{Named(declared.Groups["name"].Value)};";
        }

        if (Address().Match(line) is { Success: true } address && isRegister(address.Groups["name"].Value))
        {
            return null;
        }

        if (Store().Match(line) is { Success: true } store
            && addresses.TryGetValue(store.Groups["address"].Value, out string? stored) && isRegister(stored))
        {
            return $"\tmov.b{store.Groups["bits"]}\t{Named(stored)}, {store.Groups["value"]};";
        }

        return Load().Match(line) is { Success: true } load
            && addresses.TryGetValue(load.Groups["address"].Value, out string? loaded) && isRegister(loaded)
            ? $"\tmov.b{load.Groups["bits"]}\t{load.Groups["value"]}, {Named(loaded)};"
            : line;
    }

    private static string Named(string variable) => "%" + variable.TrimStart('_');

    [GeneratedRegex(@"^\s*\.local \.align \d+ \.b8 (?<name>\w+)\[(?<bytes>\d+)\];$")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*mov\.b64\s+(?<register>%rd\d+), (?<name>__local_depot\d+);$")]
    private static partial Regex Address();

    [GeneratedRegex(@"^\s*st\.local\.[bfsu](?<bits>\d+)\s+\[(?<address>%rd\d+)\], (?<value>[^;,]+);$")]
    private static partial Regex Store();

    [GeneratedRegex(@"^\s*ld\.local\.[bfsu](?<bits>\d+)\s+(?<value>%\w+), \[(?<address>%rd\d+)\];$")]
    private static partial Regex Load();

    [GeneratedRegex(@"%rd\d+")]
    private static partial Regex Register();
}

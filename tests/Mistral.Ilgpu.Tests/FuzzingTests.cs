using Mistral.Ilgpu.Fuzzing;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>A short run of the fuzzer; <c>perf/fuzz</c> runs for any time.</summary>
public sealed class FuzzingTests(ITestOutputHelper output)
{
    [Fact]
    public void Readers_MutatedFiles_ReadOrRefuse()
    {
        var fuzzer = new Fuzzer();
        using var log = new StringWriter();
        fuzzer.Run(20_000, seed: 1, log);
        output.WriteLine(log.ToString());
        output.WriteLine($"{fuzzer.Done} inputs, {fuzzer.Findings.Count} findings");
        Assert.Empty(fuzzer.Findings.Select(finding => $"{finding.Name}: {finding.What}"));
    }
}

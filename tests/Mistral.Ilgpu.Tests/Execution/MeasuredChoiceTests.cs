using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class MeasuredChoiceTests : IDisposable
{
    private static readonly int[] Candidates = [8, 4, 0];

    private readonly string _folder = Directory.CreateTempSubdirectory("mistral-test-").FullName;

    private string FileName => Path.Combine(_folder, "choice.txt");

    [Theory]
    [InlineData(5, 7, 9, 8)]
    [InlineData(7, 5, 9, 4)]
    [InlineData(9, 7, 5, 0)]
    // Within noise of each other: the first.
    [InlineData(100, 95, 92, 8)]
    public void Took_AfterAllTrials_ChoosesTheFastestAndKeepsIt(int first, int second, int third, int expected)
    {
        var choice = new MeasuredChoice(Candidates, FileName);
        while (choice.Chosen is null)
        {
            choice.Took(TimeSpan.FromMilliseconds(choice.Next switch { 8 => first, 4 => second, _ => third }));
        }

        Assert.Equal(expected, choice.Chosen);
        Assert.Equal(expected, new MeasuredChoice(Candidates, FileName).Chosen);
    }

    [Fact]
    public void Took_DisturbedTrials_DoNotDecide()
    {
        var choice = new MeasuredChoice(Candidates, file: null);
        for (int trial = 0; choice.Chosen is null; trial++)
        {
            choice.Took(TimeSpan.FromMilliseconds(trial < 9 ? 1000 : choice.Next == 8 ? 1 : 2));
        }

        Assert.Equal(8, choice.Chosen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("3")]
    public void Chosen_WithADamagedFile_IsTriedAgain(string content)
    {
        File.WriteAllText(FileName, content);
        Assert.Null(new MeasuredChoice(Candidates, FileName).Chosen);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(4, false)]
    public void Chosen_KeptSinceLong_IsTriedAgainUnlessPreferred(int kept, bool isTrusted)
    {
        File.WriteAllText(FileName, $"{kept}");
        Assert.Equal(kept, new MeasuredChoice(Candidates, FileName).Chosen);
        File.SetLastWriteTimeUtc(FileName, DateTime.UtcNow.AddDays(-2));
        Assert.Equal(isTrusted ? kept : null, new MeasuredChoice(Candidates, FileName).Chosen);
    }

    [Theory]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("cuda")]
    public void ReductionGroups_OnADevice_ChoosesOneOfThem(string name)
    {
        var device = TestDevice.Get(name, isLong: true);
        long before = device.AllocatedBytes;
        var choice = new MeasuredChoice([128, 256, 64], FileName);
        ReductionGroups.Measure(device, choice);
        Assert.Contains(choice.Chosen!.Value, new[] { 64, 128, 256 });
        Assert.Equal(choice.Chosen, new MeasuredChoice([128, 256, 64], FileName).Chosen);
        Assert.Equal(before, device.AllocatedBytes);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class UserCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Write_ThatFailsHalfWay_LeavesNoPart()
    {
        // A folder in its place: it is written, as on a disk with room for it, but cannot be put there.
        string file = Path.Combine(_folder.Path, "kept");
        Directory.CreateDirectory(file);

        UserCache.Write(file, "what is kept"u8);

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Choices_OfManyModels_KeepTheNewest()
    {
        string other = Path.Combine(_folder.Path, "other.txt");
        File.WriteAllText(other, "");
        for (int model = 0; model < 50; model++)
        {
            string file = FileOf(model);
            Decide(file);
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddDays(model));
        }

        Decide(FileOf(50));

        var kept = Directory.GetFiles(_folder.Path, "workers-*").Order().ToList();
        Assert.Equal(Enumerable.Range(19, 32).Select(FileOf), kept);
        Assert.True(File.Exists(other));
    }

    public void Dispose() => _folder.Dispose();

    private static void Decide(string file)
    {
        var choice = new MeasuredChoice([2, 1], file);
        while (choice.Chosen is null)
        {
            choice.Took(TimeSpan.FromMilliseconds(1));
        }
    }

    private string FileOf(int model) => Path.Combine(_folder.Path, $"workers-{model:00}.txt");
}

using System.Collections.Concurrent;
using System.Globalization;
using Mistral.Ilgpu.Cli.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>Connections that break, pulls that are interrupted or meet, and content that is wrong.</summary>
public sealed class HubResumeTests : HubPullFixture
{
    [Fact]
    public async Task Pull_ConnectionsCut_GoesOnWhereTheyWere()
    {
        var cut = new ConcurrentDictionary<string, bool>();
        Hub.CutAfter = request => request.IsStorage && cut.TryAdd($"{request.Path} {request.Range}", true) ? 400 : null;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.Contains(Hub.Fetches, request => request.Range == "bytes=1400-1999");
        Assert.Contains(Hub.Fetches, request => request.Range == "bytes=1800-1999");
    }

    [Fact]
    public async Task Pull_Interrupted_IsGoneOnWithByTheNext()
    {
        using var interrupt = new CancellationTokenSource();
        long seen = 0;
        var settings = Hub.Settings(Cache.Path) with { Jobs = 2 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new HubPull(settings, (done, _) =>
        {
            if (Interlocked.Exchange(ref seen, done) < 12_000 && done >= 12_000)
            {
                interrupt.Cancel();
            }
        }).RunAsync(Repository, "main", Weights, interrupt.Token));
        string partial = Path.Combine(Folder, "blobs", Hub.Files[Weights].Etag + ".incomplete");
        byte[] left = File.ReadAllBytes(partial);
        Assert.InRange(left.Length, 8_000, 20_000);
        Assert.Equal(Hub.Files[Weights].Bytes[..left.Length], left);
        Hub.Requests.Clear();

        await Pull(Weights);

        AssertPulled(Weights);
        Assert.False(File.Exists(partial));
        Assert.Equal(left.Length, Hub.Fetches.Where(request => request.IsStorage).Min(request => Start(request.Range!)));
    }

    [Fact]
    public async Task Pull_RangesIgnored_FetchesTheWhole()
    {
        Hub.IgnoresRanges = true;
        bool isCut = false;
        Hub.CutAfter = request => request.IsStorage && request.Range is null && !isCut && (isCut = true) ? 10_000 : null;

        await Pull();

        AssertPulled("config.json", "tokenizer.json", Weights);
        Assert.True(isCut);
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("config.json")]
    public async Task Pull_WrongContent_IsRefusedAndRemoved(string file)
    {
        Hub.Content = name => name == file ? new byte[Hub.Files[file].Bytes.Length] : null;

        var refused = await Assert.ThrowsAsync<HubException>(() => Pull());

        Assert.Contains($"{file}: found ", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"expected {Hub.Files[file].Etag}", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Tree(), path => path.Contains(Hub.Files[file].Etag, StringComparison.Ordinal)
                && !path.EndsWith(".lock", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Folder, "refs", "main")));
    }

    [Fact]
    public async Task Pull_TwoAtOnce_FetchEachByteOnce()
    {
        long slow = 0;
        Hub.Instead = (request, _) =>
        {
            Thread.Sleep(request.IsStorage && Interlocked.Increment(ref slow) < 20 ? 10 : 0);
            return false;
        };

        await Task.WhenAll(Task.Run(() => Pull()), Task.Run(() => Pull()));

        AssertPulled("config.json", "tokenizer.json", Weights);
        string?[] ranges =
        [
            .. Hub.Fetches.Where(request => request.IsStorage && request.Path.EndsWith(Weights, StringComparison.Ordinal))
                .Select(request => request.Range),
        ];
        Assert.Equal(26, ranges.Length);
        Assert.Equal(ranges.Length, ranges.Distinct().Count());
    }

    [Fact]
    public async Task Pull_AddressExpires_AsksTheHubForAnother()
    {
        int answered = 0;
        Hub.Instead = (request, response) =>
        {
            if (!request.IsStorage || Interlocked.Increment(ref answered) != 6)
            {
                return false;
            }

            response.StatusCode = 403;
            return true;
        };

        await Pull(Weights);

        AssertPulled(Weights);
    }

    private static long Start(string range) =>
        long.Parse(range["bytes=".Length..].Split('-')[0], CultureInfo.InvariantCulture);
}

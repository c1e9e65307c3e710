using System.Net;
using System.Net.Http.Headers;
using Mistral.Ilgpu.Checkpoints.Hub;
using Polly;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Asks a hub over HTTP.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 8;
    private const int MostListingBytes = 64 << 20;

    private readonly HubSettings _settings;
    private readonly HttpClient _http;

    public HubClient(HubSettings settings)
    {
        _settings = settings;
        Retry = HubRetry.Create(settings);
        // Redirects are followed here, because the token may not leave the hub and addresses are remembered.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = settings.Patience,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(
            "mistral-ilgpu", typeof(HubClient).Assembly.GetName().Version!.ToString(3)));
    }

    public ResiliencePipeline Retry { get; }

    /// <summary>The files of a repository at a branch, tag or commit.</summary>
    public Task<HubListing> ListAsync(HubRepository repository, string revision, CancellationToken cancellation)
    {
        var address = new HubAddress(At($"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true"));
        return AttemptAsync(
            async token =>
            {
                using var answer = await SendAsync(HttpMethod.Get, address, null, repository, revision, token);
                await using var content = await answer.Content.ReadAsStreamAsync(token);
                var json = new MemoryStream();
                var buffer = new byte[1 << 16];
                int read;
                while ((read = await ReadAsync(content, buffer, address, token)) > 0)
                {
                    json.Write(buffer, 0, read);
                    if (json.Length > MostListingBytes)
                    {
                        throw new HubException(
                            $"{address.Hub}: found more than {MostListingBytes} bytes, expected a list of files");
                    }
                }

                return HubListing.Parse(json.ToArray(), address.Hub.ToString());
            },
            cancellation);
    }

    public HubAddress AddressOf(HubRepository repository, string commit, string file) => new(At(
        $"{repository}/resolve/{commit}/{string.Join('/', file.Split('/').Select(Uri.EscapeDataString))}"));

    /// <summary>The size and hash of a file, from the headers that precede it.</summary>
    public Task<HubListing.Entry> HeadAsync(
        HubAddress address, HubRepository repository, string commit, CancellationToken cancellation)
    {
        return AttemptAsync(
            async token =>
            {
                using var answer = await SendAsync(HttpMethod.Head, address, null, repository, commit, token, follow: false);
                string? bytes = Header(answer, "X-Linked-Size") ?? answer.Content.Headers.ContentLength?.ToString();
                string? etag = Header(answer, "X-Linked-Etag") ?? answer.Headers.ETag?.ToString();
                return new HubListing.Entry(
                    long.TryParse(bytes, out long size) ? size : null,
                    etag?.Trim().TrimStart('W', '/').Trim('"'));
            },
            cancellation);
    }

    /// <summary>Runs attempts until one succeeds or no more are allowed.</summary>
    public async Task<T> AttemptAsync<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        try
        {
            return await Retry.ExecuteAsync(async token => await attempt(token), cancellation);
        }
        catch (TransientException failure)
        {
            throw new HubException(failure.Message, failure);
        }
    }

    /// <summary>Sends one request and follows redirects.</summary>
    /// <returns>A response of success, whose content is not read yet.</returns>
    /// <exception cref="TransientException">Another attempt may succeed.</exception>
    /// <exception cref="HubException">The hub refuses.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, HubAddress address, RangeHeaderValue? range, HubRepository repository, string revision,
        CancellationToken cancellation, bool follow = true)
    {
        var target = address.Current;
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            var answer = await SendOnceAsync(method, target, range, cancellation);
            if ((int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } location)
            {
                var next = new Uri(target, location);
                // A renamed repository redirects within the hub, and a large file to where it is stored.
                if (!follow && !IsHub(next))
                {
                    return answer;
                }

                answer.Dispose();
                if (next.Scheme != "https" && !(next.Scheme == "http" && target.Scheme == "http"))
                {
                    throw new HubException(
                        $"{target.Host}: found a redirect from {target.Scheme} to {next.Scheme}, expected https");
                }

                target = next;
                continue;
            }

            if (answer.IsSuccessStatusCode)
            {
                address.Remember(target);
                return answer;
            }

            using (answer)
            {
                throw HubRetry.IsTransient(answer.StatusCode) ? Busy(target, answer)
                    : address.Forget() ? new TransientException(
                        $"{target.Host}: found status {(int)answer.StatusCode}, expected a file")
                    : HubRefusal.Of(answer, target, repository, revision, _settings.Token is not null);
            }
        }

        throw new HubException($"{address.Hub}: found more than {MostRedirects} redirects, expected a file");
    }

    /// <summary>Reads some bytes of a response.</summary>
    /// <returns>The count; 0 at the end.</returns>
    public async ValueTask<int> ReadAsync(Stream content, Memory<byte> buffer, HubAddress address, CancellationToken cancellation)
    {
        return await WithinPatience(
            address.Current, async token => await content.ReadAsync(buffer, token), cancellation);
    }

    public void Dispose() => _http.Dispose();

    private Uri At(string path) => new(_settings.Endpoint, path);

    private bool IsHub(Uri address) =>
        (address.Scheme, address.Host, address.Port)
        == (_settings.Endpoint.Scheme, _settings.Endpoint.Host, _settings.Endpoint.Port);

    private Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri target, RangeHeaderValue? range, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(method, target);
        request.Headers.Range = range;
        if (_settings.Token is { } token && IsHub(target))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return WithinPatience(
            target, limit => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit), cancellation);
    }

    private async Task<T> WithinPatience<T>(Uri target, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_settings.Patience);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new TransientException(
                $"{target.Host}: nothing came in {_settings.Patience.TotalSeconds:0} s, expected an answer", exception);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.NameResolutionError)
        {
            throw new HubException($"{target.Host}: no such host can be found; is this machine offline?", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new TransientException($"{target.Host}: the connection failed: {exception.Message}", exception);
        }
    }

    private static TransientException Busy(Uri target, HttpResponseMessage answer) => new(
        $"{target.Host}: found status {(int)answer.StatusCode} ({answer.ReasonPhrase}), expected an answer; try again later")
    {
        RetryAfter = answer.Headers.RetryAfter?.Delta,
    };

    private static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}

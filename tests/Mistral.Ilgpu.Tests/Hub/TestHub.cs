using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>
/// A small hub on loopback with one repository. It answers as Hugging Face's does: the list of files, small files at the
/// hub, and large ones by a redirect to a storage of another origin.
/// </summary>
internal sealed class TestHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Name = "someone/model";

    private readonly HttpListener _hub = Listen();
    private readonly HttpListener _storage = Listen();

    public TestHub()
    {
        _ = ServeAsync(_hub, isStorage: false);
        _ = ServeAsync(_storage, isStorage: true);
    }

    public Dictionary<string, HubFileBytes> Files { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    public Uri Endpoint => new(_hub.Prefixes.Single());

    /// <summary>Answers a request in place of the hub, if it returns true.</summary>
    public Func<HubRequest, HttpListenerResponse, bool> Instead { get; set; } = (_, _) => false;

    /// <summary>The content that is sent for a file in place of its own; null for its own.</summary>
    public Func<string, byte[]?> Content { get; set; } = _ => null;

    /// <summary>Ends a connection after so many bytes of content; null for never.</summary>
    public Func<HubRequest, int?> CutAfter { get; set; } = _ => null;

    public bool IgnoresRanges { get; set; }

    /// <summary>Whether the list states sizes and hashes.</summary>
    public bool ListsHashes { get; set; } = true;

    /// <summary>The requests for the content of files.</summary>
    public IEnumerable<HubRequest> Fetches => Requests.Where(request => request.IsContent);

    /// <summary>Settings for this hub that lose no time.</summary>
    public HubSettings Settings(string cache) => new()
    {
        Endpoint = Endpoint,
        Cache = new HubCache(cache),
        Jobs = 4,
        RangeBytes = 1000,
        Retries = 3,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        Patience = TimeSpan.FromSeconds(20),
    };

    public void Dispose()
    {
        _hub.Close();
        _storage.Close();
    }

    private static HttpListener Listen()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            int port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var listener = new HttpListener { Prefixes = { string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/") } };
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException)
            {
                // Another test took the port meanwhile.
            }
        }
    }

    private async Task ServeAsync(HttpListener listener, bool isStorage)
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => Answer(context, isStorage));
        }
    }

    private void Answer(HttpListenerContext context, bool isStorage)
    {
        var (request, response) = (context.Request, context.Response);
        var asked = new HubRequest(
            request.HttpMethod, Uri.UnescapeDataString(request.Url!.AbsolutePath), request.Headers["Range"],
            request.Headers["Authorization"], isStorage);
        Requests.Enqueue(asked);
        try
        {
            if (!Instead(asked, response))
            {
                Answer(asked, response);
            }

            response.Close();
        }
        catch (Exception exception) when (exception is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client left, or the connection was cut.
        }
    }

    private void Answer(HubRequest asked, HttpListenerResponse response)
    {
        const string Api = $"/api/models/{Name}/revision/";
        const string Resolve = $"/{Name}/resolve/{Commit}/";
        if (asked.IsStorage)
        {
            Send(asked, response, asked.Path["/storage/".Length..]);
        }
        else if (asked.Path.StartsWith(Api, StringComparison.Ordinal))
        {
            List(response);
        }
        else if (asked.Path.StartsWith(Resolve, StringComparison.Ordinal) && Files.TryGetValue(asked.Path[Resolve.Length..], out var file))
        {
            string name = asked.Path[Resolve.Length..];
            response.AddHeader("X-Repo-Commit", Commit);
            if (file.IsLarge)
            {
                response.AddHeader("X-Linked-Etag", $"\"{file.Etag}\"");
                response.AddHeader("X-Linked-Size", file.Bytes.Length.ToString(CultureInfo.InvariantCulture));
                response.AddHeader("Location", $"{_storage.Prefixes.Single()}storage/{Uri.EscapeDataString(name)}");
                response.StatusCode = 302;
                return;
            }

            response.AddHeader("ETag", $"\"{file.Etag}\"");
            Send(asked, response, name);
        }
        else
        {
            response.StatusCode = 404;
        }
    }

    private void List(HttpListenerResponse response)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = Name,
            sha = Commit,
            siblings = Files.Select(file => !ListsHashes ? (object)new { rfilename = file.Key }
                : file.Value.IsLarge ? new
                {
                    rfilename = file.Key,
                    size = file.Value.Bytes.Length,
                    blobId = new string('0', 40),
                    lfs = new { sha256 = file.Value.Etag, size = file.Value.Bytes.Length, pointerSize = 130 },
                }
                : new { rfilename = file.Key, size = file.Value.Bytes.Length, blobId = file.Value.Etag }),
        });
        response.ContentType = "application/json";
        response.OutputStream.Write(json);
    }

    private void Send(HubRequest asked, HttpListenerResponse response, string name)
    {
        byte[] bytes = Content(name) ?? Files[name].Bytes;
        var (start, end) = (0, bytes.Length);
        if (asked.Range is { } range && !IgnoresRanges)
        {
            string[] limits = range["bytes=".Length..].Split('-');
            (start, end) = (int.Parse(limits[0], CultureInfo.InvariantCulture), int.Parse(limits[1], CultureInfo.InvariantCulture) + 1);
            response.StatusCode = 206;
            response.AddHeader("Content-Range", $"bytes {start}-{end - 1}/{bytes.Length}");
        }

        response.ContentLength64 = end - start;
        if (asked.Method == "HEAD")
        {
            return;
        }

        if (CutAfter(asked) is { } count && count < end - start)
        {
            response.OutputStream.Write(bytes.AsSpan(start, count));
            response.OutputStream.Flush();
            response.Abort();
            return;
        }

        response.OutputStream.Write(bytes.AsSpan(start, end - start));
    }
}

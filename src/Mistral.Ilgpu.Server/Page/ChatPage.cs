using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Mistral.Ilgpu.Server.Page;

/// <summary>A file of the chat page, embedded in this assembly.</summary>
internal sealed class ChatPage
{
    public const string Index = "index.html";

    // Nothing comes from elsewhere, no script or style is inline, and no text can become a script or markup.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private const string Prefix = "Page/";

    private readonly byte[] _content;
    private readonly string _type;
    private readonly EntityTagHeaderValue _tag;

    private ChatPage(string name, byte[] content)
    {
        Name = name;
        _content = content;
        _type = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        _tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..32]}\"");
    }

    /// <summary>The name of the file.</summary>
    public string Name { get; }

    public static IReadOnlyList<ChatPage> ReadAll()
    {
        var assembly = typeof(ChatPage).Assembly;
        return
        [
            .. from name in assembly.GetManifestResourceNames()
               where name.StartsWith(Prefix, StringComparison.Ordinal)
               select new ChatPage(name[Prefix.Length..], Read(assembly.GetManifestResourceStream(name)!)),
        ];
    }

    /// <summary>Sends the file, or says that the browser has it already.</summary>
    public Task SendAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        // Asks each time, because a new version of the server has a new page.
        headers.CacheControl = "no-cache";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return TypedResults.Bytes(_content, _type, entityTag: _tag).ExecuteAsync(context);
    }

    private static byte[] Read(Stream stream)
    {
        using (stream)
        {
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
    }
}

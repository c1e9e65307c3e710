using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>The policy by which browsers let pages of other sites ask this server.</summary>
internal sealed class AllowedOrigins(IOptions<MistralServerOptions> options) : IConfigureOptions<CorsOptions>
{
    /// <summary>The policy's name.</summary>
    public const string Policy = "Mistral.Ilgpu.Server";

    /// <summary>The word for pages of all sites.</summary>
    public const string Any = "*";

    /// <summary>Whether a text is an origin as browsers send it, or the word for all.</summary>
    public static bool IsOrigin(string text) => text == Any
        || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == text);

    // Headers are not what protects: clients of both APIs send many.
    public void Configure(CorsOptions cors) => cors.AddPolicy(Policy, policy => policy
        .WithOrigins([.. options.Value.AllowedOrigins])
        .AllowAnyHeader()
        .WithMethods(HttpMethods.Get, HttpMethods.Post)
        .WithExposedHeaders(HeaderNames.RetryAfter));
}

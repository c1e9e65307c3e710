using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>The keys of clients, and those that may also change what is served.</summary>
internal sealed class ServerKeys(IOptions<MistralServerOptions> options, ILogger<ServerKeys> logger)
{
    private readonly ApiKeys _clients = new("key", options.Value.ApiKeys, options.Value.ApiKeyFile, logger);
    private readonly ApiKeys _admins = new("admin", options.Value.AdminKeys, options.Value.AdminKeyFile, logger);

    /// <summary>Reads the files for the first time.</summary>
    /// <exception cref="InvalidOperationException">A file cannot be read, or holds no key.</exception>
    public void Load()
    {
        _clients.Load();
        _admins.Load();
    }

    /// <summary>Requires a key that may ask the model.</summary>
    /// <returns>The key's name; null where no key is needed.</returns>
    /// <exception cref="ApiException">There is none, or it is not known.</exception>
    public string? RequireClient(HttpRequest request)
    {
        if (!_clients.Exist)
        {
            return null;
        }

        string key = KeyOf(request);
        var (admin, client) = (_admins.NameOf(key), _clients.NameOf(key));
        return admin ?? client ?? throw Unknown(key);
    }

    /// <summary>Requires a key that may change what is served.</summary>
    /// <returns>The key's name.</returns>
    /// <exception cref="ApiException">There is none, it is not known, or it may not.</exception>
    public string RequireAdmin(HttpRequest request)
    {
        if (!_admins.Exist)
        {
            throw Forbidden(
                "the server has no admin key, which this needs: set AdminKeys or AdminKeyFile, or with mistral serve "
                + "--admin-key-file or MISTRAL_ADMIN_KEY");
        }

        string key = KeyOf(request);
        var (admin, client) = (_admins.NameOf(key), _clients.NameOf(key));
        return admin ?? throw (client is null ? Unknown(key) : Forbidden("found a client's API key, expected an admin key"));
    }

    private static string KeyOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? authorization[Scheme.Length..].Trim()
            : request.Headers["x-api-key"].ToString();
    }

    private static ApiException Unknown(string key) => new(
        StatusCodes.Status401Unauthorized,
        key.Length == 0
            ? "found no API key, expected one in Authorization: Bearer KEY"
            : "found an API key that is not known",
        code: "invalid_api_key");

    private static ApiException Forbidden(string message) =>
        new(StatusCodes.Status403Forbidden, message, code: "admin_key_required");
}

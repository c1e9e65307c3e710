using System.CommandLine;
using System.Globalization;
using System.Net;
using Mistral.Ilgpu.Server;
using Mistral.Ilgpu.Server.Security;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The options of <c>mistral serve</c>.</summary>
internal sealed class ServerOptions
{
    /// <summary>Keys, separated by commas, for those who start servers with variables alone.</summary>
    public const string KeysVariable = "MISTRAL_API_KEY";

    /// <summary>The same, of keys that may also load and unload adapters.</summary>
    public const string AdminKeysVariable = "MISTRAL_ADMIN_KEY";

    private readonly Option<string?> _host = ValueOptions.Parsed(
        "--host", "The address to listen on; 127.0.0.1 if not given, 0.0.0.0 for all of IPv4, :: for all.",
        "ADDRESS", "an IP address or localhost", text => text == "localhost" || IPAddress.TryParse(text, out _) ? text : null);

    private readonly Option<int?> _port = ValueOptions.Count(
        "--port", "The port to listen on; 8080 if not given, 0 for any that is free.", 0, IPEndPoint.MaxPort);

    private readonly Option<string?> _keyFile = ValueOptions.Parsed(
        "--api-key-file", "A file with one key in each line, perhaps with a name before it, which is read again when it changes.",
        "FILE", "a file", text => text.Length > 0 ? text : null);

    private readonly Option<IReadOnlyList<string>?> _origins = ValueOptions.OneOrMany(
        "--allow-origin", "Lets pages of this origin ask from browsers; * for all, none if not given.",
        "ORIGIN", "an origin such as https://example.com, or *", text => AllowedOrigins.IsOrigin(text) ? text : null,
        many: true, isList: false);

    private readonly Option<string?> _adminFile = ValueOptions.Parsed(
        "--admin-key-file", "A file of the same kind, whose keys may also load and unload adapters.",
        "FILE", "a file", text => text.Length > 0 ? text : null);

    private readonly Option<int?> _requests = ValueOptions.Count(
        "--requests-per-minute",
        "Requests that a key, or an address without keys, may send in a minute; any number if not given.", 1);

    private readonly Option<int?> _tokens = ValueOptions.Count(
        "--tokens-per-minute", "Tokens that a key, or an address without keys, may use in a minute; any number if not given.", 1);

    private readonly Option<int?> _texts = ValueOptions.Count(
        "--max-texts", $"Texts that run at once, each with a place in the cache; if not given 8, or {
            ModelOptions.DefaultStreamedSequences} where layers are streamed.", 1);

    private readonly Option<int?> _batched = ValueOptions.Count(
        "--max-batched-tokens",
        "Tokens of one pass: decoded ones, then chunks of prompts while they fit; a chunk and a token of each text if not given.",
        1);

    private readonly Option<int?> _waiting = ValueOptions.Count(
        "--max-waiting", "Texts that wait for a place at once, more are refused; 1024 if not given.", 1);

    private readonly Option<int?> _prompt = ValueOptions.Count(
        "--max-prompt", "Most tokens of a prompt; what the context holds if not given.", 1);

    private readonly Option<int?> _idle = ValueOptions.Count(
        "--idle-unload",
        "Seconds without requests after which a model is unloaded, until the next request for it; never if not given.",
        1, 2_592_000);

    private readonly Option<int?> _drain = ValueOptions.Count(
        "--drain", "Seconds that running texts have to end once the server is told to stop; 30 if not given.", 0, 86_400);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
            {
                _host, _port, _keyFile, _adminFile, _origins, _requests, _tokens, _texts, _batched, _waiting, _prompt, _idle,
                _drain
            })
        {
            command.Options.Add(option);
        }
    }

    public string Host(ParseResult parse) => parse.GetValue(_host) is { } host and not "localhost" ? host : "127.0.0.1";

    public int Port(ParseResult parse) => parse.GetValue(_port) ?? 8080;

    /// <summary>Adds how many texts share a pass to how a model is loaded.</summary>
    public ModelOptions Apply(ParseResult parse, ModelOptions options) => options with
    {
        Sequences = parse.GetValue(_texts) ?? new LanguageModelOptions().MaxTexts,
        StreamedSequences = parse.GetValue(_texts) ?? ModelOptions.DefaultStreamedSequences,
        MaxBatchedTokens = parse.GetValue(_batched),
    };

    public int MaxWaiting(ParseResult parse) => parse.GetValue(_waiting) ?? new LanguageModelOptions().MaxWaiting;

    /// <summary>Changes what the configuration says.</summary>
    public void Apply(ParseResult parse, MistralServerOptions options)
    {
        options.ApiKeyFile = parse.GetValue(_keyFile) ?? options.ApiKeyFile;
        options.AdminKeyFile = parse.GetValue(_adminFile) ?? options.AdminKeyFile;
        options.AllowedOrigins = [.. parse.GetValue(_origins) ?? options.AllowedOrigins.AsReadOnly()];
        options.RequestsPerMinute = parse.GetValue(_requests) ?? options.RequestsPerMinute;
        options.TokensPerMinute = parse.GetValue(_tokens) ?? options.TokensPerMinute;
        options.MaxPromptTokens = parse.GetValue(_prompt) ?? options.MaxPromptTokens;
        options.IdleUnload = parse.GetValue(_idle) is { } idle ? TimeSpan.FromSeconds(idle) : options.IdleUnload;
        options.Drain = parse.GetValue(_drain) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.Drain;
        Add(options.ApiKeys, KeysVariable);
        Add(options.AdminKeys, AdminKeysVariable);
    }

    /// <summary>The address as a URL has it.</summary>
    public static string Url(string host, int port) => string.Create(
        CultureInfo.InvariantCulture, $"http://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");

    private static void Add(IList<string> keys, string variable)
    {
        string value = Environment.GetEnvironmentVariable(variable) ?? "";
        foreach (string key in value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            keys.Add(key);
        }
    }
}

using System.CommandLine;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Server;
using Mistral.Ilgpu.Server.Loading;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral serve</c>: answers HTTP requests until it is told to stop.</summary>
internal static class ServeCommand
{
    // Beyond what texts have to end, for their last events to be sent.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    public static Command Create(Terminal terminal)
    {
        var server = new ServerOptions();
        var model = new ModelSettingsOptions(manyModels: true);
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "serve", "Serves models under OpenAI's and Anthropic's HTTP APIs.",
            "mistral serve",
            "mistral serve -m ~/models/Mistral-7B-Instruct-v0.3 --port 8000 --max-texts 16",
            "mistral serve -m tiny -m random:250m --idle-unload 600",
            "mistral serve --host 0.0.0.0 --api-key-file keys.txt --requests-per-minute 60");
        server.AddTo(command);
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction((parse, cancellation) => RunAsync(parse, server, model, output, terminal));
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parse, ServerOptions server, ModelSettingsOptions model, OutputOptions output, Terminal terminal)
    {
        var narrator = output.Narrator(parse, terminal);
        var settings = model.ReadAll(parse)
            .Select(one => one with { Options = server.Apply(parse, one.Options) }).ToList();
        int maxWaiting = server.MaxWaiting(parse);
        // Wrong paths are told before a load that takes long.
        var others = settings.Skip(1).Select(one => SourceOf(one, narrator, maxWaiting)).ToList();
        using var first = Load(settings[0], narrator, maxWaiting);
        await using var app = Build(
            parse, server, output,
            new NamedModels([SourceOf(settings[0], narrator, maxWaiting) with { Loaded = first.Language }, .. others]));
        await StartAsync(app);
        Tell(app, narrator, app.Services.GetRequiredService<IOptions<MistralServerOptions>>().Value);
        await app.WaitForShutdownAsync();
        return ExitCode.Done;
    }

    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            app.MapOpenApi();
            app.MapMistral();
            app.MapChatPage();
            await app.StartAsync();
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidOperationException or IOException)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static LoadedModel Load(ModelSettings settings, Narrator narrator, int maxWaiting)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        return LoadedModel.Open(settings, narrator, interrupts.Token, maxWaiting: maxWaiting);
    }

    private static NamedModel SourceOf(ModelSettings settings, Narrator narrator, int maxWaiting) => NamedModel.Open(
        name: null, settings.Model, settings.Options,
        (heldOn, cancellation) => Task.Run(
            () => LoadedModel.Open(
                settings with { HeldOn = heldOn }, narrator, cancellation, maxWaiting: maxWaiting).Language,
            cancellation));

    private static WebApplication Build(ParseResult parse, ServerOptions server, OutputOptions output, NamedModels models)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // Certificates and endpoints may come from Kestrel's own configuration.
        builder.WebHost.UseKestrelHttpsConfiguration();
        string host = server.Host(parse);
        if (!builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(ServerOptions.Url(host, server.Port(parse)));
        }

        Log(builder.Logging, output.IsJson(parse), output.IsVerbose(parse));
        builder.Services.AddSingleton(models);
        builder.Services.AddMistralServer(options => server.Apply(parse, options));
        OpenTelemetryExport.Add(builder.Services, builder.Configuration);
        builder.Services.AddOpenApi();
        builder.Services.ConfigureHttpJsonOptions(
            options => options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<MistralServerOptions>>(
            (options, of) => options.ShutdownTimeout = of.Value.Drain + Farewell);
        if (IPAddress.IsLoopback(IPAddress.Parse(host)) && string.IsNullOrEmpty(builder.Configuration["AllowedHosts"]))
        {
            // A page of another site whose name leads here is none of this machine's programs.
            builder.Services.AddHostFiltering(options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]", host]);
        }

        var app = builder.Build();
        app.UseHostFiltering();
        app.UseCors();
        return app;
    }

    private static void Log(ILoggingBuilder logging, bool isJson, bool isVerbose)
    {
        logging.ClearProviders();
        logging.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        _ = isJson
            ? logging.AddJsonConsole(options => options.TimestampFormat = "O")
            : logging.AddSimpleConsole(options => (options.SingleLine, options.TimestampFormat) = (true, "HH:mm:ss "));
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Mistral.Ilgpu", isVerbose || isJson ? LogLevel.Information : LogLevel.Warning);
    }

    private static void Tell(WebApplication app, Narrator narrator, MistralServerOptions options)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        bool hasKeys = options.ApiKeys.Count > 0 || options.ApiKeyFile is not null;
        foreach (string address in addresses)
        {
            narrator.Say($"listening on {address}");
            if (!hasKeys && !(IPAddress.TryParse(new Uri(address).Host, out var ip) && IPAddress.IsLoopback(ip)))
            {
                narrator.Terminal.Error.WriteLine(
                    $"warning: {address} can be reached from other machines, and no key is needed (--api-key-file)");
            }
        }
    }
}
